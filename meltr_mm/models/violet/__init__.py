"""VIOLET: video-language transformer for retrieval and question answering."""
from .framewise_swin import FramewiseSwin3D
from .tasks import (
                    VioletMultipleChoiceQA,
                    VioletOpenEndedQA,
                    VioletRetrieval,
                    VioletTask,
)
from .video_encoder import VioletVideoEncoder
from .violet import Violet

__all__ = [
    'FramewiseSwin3D', 'Violet', 'VioletMultipleChoiceQA', 'VioletOpenEndedQA',
    'VioletRetrieval', 'VioletTask', 'VioletVideoEncoder'
]
