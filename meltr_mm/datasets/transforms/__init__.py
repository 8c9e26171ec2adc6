"""Transforms; importing this package registers them."""
from .all_in_one_inputs import AllInOneInputs
from .decode_jpeg_frames import DecodeJPEGFrames
from .decode_video import VideoDecode, VideoInit
from .load_video_features import LoadVideoFeatures
from .load_vq_codes import LoadVQCodes
from .mask_text import MaskText, MaskTextAsBert, MaskWords
from .mask_video import MaskFrames, MaskVideoBlocks
from .resize import PadToSquareResize, ResizeAntialiased
from .sample_frames import SampleFramesBySegment, SampleFramesEvenly
from .tokenizing import (
    PickCaption,
    TokenizeCaption,
    TokenizeChoices,
    TokenizeOptions,
    TokenizeReferences,
    TokenizeText,
)
from .univl_inputs import UniVLInputs
from .violet_inputs import VioletInputs

__all__ = [
    'AllInOneInputs',
    'DecodeJPEGFrames',
    'LoadVQCodes',
    'LoadVideoFeatures',
    'MaskFrames',
    'MaskText',
    'MaskTextAsBert',
    'MaskVideoBlocks',
    'MaskWords',
    'PadToSquareResize',
    'PickCaption',
    'ResizeAntialiased',
    'SampleFramesBySegment',
    'SampleFramesEvenly',
    'TokenizeCaption',
    'TokenizeChoices',
    'TokenizeOptions',
    'TokenizeReferences',
    'TokenizeText',
    'UniVLInputs',
    'VideoDecode',
    'VideoInit',
    'VioletInputs',
]
