"""The foundation models whose losses MELTR combines."""
from .all_in_one import AllInOne
from .univl import UniVL
from .violet import Violet

__all__ = [
    'AllInOne',
    'UniVL',
    'Violet',
]
