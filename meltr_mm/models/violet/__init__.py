"""VIOLET: video-language transformer for retrieval and question answering."""
from .tasks import (
    VioletMultipleChoiceQA,
    VioletOpenEndedQA,
    VioletRetrieval,
    VioletTask,
)
from .video_encoder import FramewiseSwin3D, VioletVideoEncoder
from .violet import Violet, VioletBatch

__all__ = [
    'FramewiseSwin3D', 'Violet', 'VioletBatch', 'VioletMultipleChoiceQA',
    'VioletOpenEndedQA', 'VioletRetrieval', 'VioletTask', 'VioletVideoEncoder'
]
