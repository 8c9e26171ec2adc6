"""Toyworld: generated data sets in the file formats of the real ones."""
from .msvd_qa import write_msvd_qa

__all__ = ['write_msvd_qa']
