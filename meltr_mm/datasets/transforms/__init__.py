"""Transforms; importing this package registers them."""
from .decode_jpeg_frames import DecodeJPEGFrames
from .load_vq_codes import LoadVQCodes
from .mask_text import MaskText
from .mask_video_blocks import MaskVideoBlocks
from .pad_to_square_resize import PadToSquareResize
from .sample_frames_evenly import SampleFramesEvenly
from .tokenize_text import TokenizeText

__all__ = [
    'DecodeJPEGFrames', 'LoadVQCodes', 'MaskText', 'MaskVideoBlocks',
    'PadToSquareResize', 'SampleFramesEvenly', 'TokenizeText'
]
