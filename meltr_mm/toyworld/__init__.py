"""Toyworld: generated data sets in the file formats of the real ones."""
from .msrvtt import write_msrvtt
from .msvd_qa import write_msvd_qa
from .tgif_qa import write_tgif_qa

__all__ = ['write_msrvtt', 'write_msvd_qa', 'write_tgif_qa']
