"""The foundation models whose losses MELTR combines."""
from .violet import Violet

__all__ = ['Violet']
