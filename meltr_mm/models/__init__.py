"""The foundation models whose losses MELTR combines."""
from .univl import UniVL
from .violet import Violet

__all__ = ['UniVL', 'Violet']
