"""Transforms; importing this package registers them."""
from .frames import (
    DecodeJPEGFrames,
    PadToSquareResize,
    ResizeAntialiased,
    SampleFramesBySegment,
    SampleFramesEvenly,
    VideoDecode,
    VideoInit,
)
from .inputs import AllInOneInputs, UniVLInputs, VioletInputs
from .load_extracted import LoadVideoFeatures, LoadVQCodes
from .masking import (
    MaskFrames,
    MaskText,
    MaskTextAsBert,
    MaskVideoBlocks,
    MaskWords,
)
from .tokenizing import (
    PickCaption,
    TokenizeCaption,
    TokenizeChoices,
    TokenizeOptions,
    TokenizeReferences,
    TokenizeText,
)

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
