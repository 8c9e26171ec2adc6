"""Toyworld: generated data sets in the file formats of the real ones."""
from .feature_data_sets import (
    write_cmu_mosi,
    write_msrvtt_feature,
    write_youcook2,
)
from .msrvtt import write_msrvtt
from .own_clips import write_own_clips
from .question_answering import write_msvd_qa, write_tgif_qa

__all__ = [
    'write_cmu_mosi', 'write_msrvtt', 'write_msrvtt_feature', 'write_msvd_qa',
    'write_own_clips', 'write_tgif_qa', 'write_youcook2'
]
