"""Toyworld: generated data sets in the file formats of the real ones."""
from .cmu_mosi import write_cmu_mosi
from .msrvtt import write_msrvtt
from .msrvtt_feature import write_msrvtt_feature
from .msvd_qa import write_msvd_qa
from .own_clips import write_own_clips
from .tgif_qa import write_tgif_qa
from .youcook2 import write_youcook2

__all__ = [
    'write_cmu_mosi', 'write_msrvtt', 'write_msrvtt_feature', 'write_msvd_qa',
    'write_own_clips', 'write_tgif_qa', 'write_youcook2'
]
