"""Transforms; importing this package registers them."""
from .all_in_one_inputs import AllInOneInputs
from .count_gif_frames import CountGIFFrames
from .decode_jpeg_frames import DecodeJPEGFrames
from .decode_video import VideoDecode, VideoInit
from .load_video_features import LoadVideoFeatures
from .load_vq_codes import LoadVQCodes
from .mask_frames import MaskFrames
from .mask_text import MaskText
from .mask_text_as_bert import MaskTextAsBert
from .mask_video_blocks import MaskVideoBlocks
from .mask_words import MaskWords
from .pad_to_square_resize import PadToSquareResize, ResizeAntialiased
from .pick_caption import PickCaption
from .sample_frames import SampleFramesBySegment, SampleFramesEvenly
from .tokenize_caption import TokenizeCaption
from .tokenize_choices import TokenizeChoices
from .tokenize_options import TokenizeOptions
from .tokenize_references import TokenizeReferences
from .tokenize_text import TokenizeText
from .univl_inputs import UniVLInputs
from .violet_inputs import VioletInputs

__all__ = [
    'AllInOneInputs',
    'CountGIFFrames',
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
