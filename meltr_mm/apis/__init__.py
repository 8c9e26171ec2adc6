"""What people use a trained model by."""
from .checkpoint import (
    config_in,
    load_run_checkpoint,
    parse_config,
    plain_files,
)
from .drawing import draw_ranking, draw_result
from .inferencers import (
    VideoCaptionInferencer,
    VideoQAInferencer,
    VideoSentimentInferencer,
    inferencer_for,
    inferencer_of,
)
from .video_retrieval_inferencer import (
    RetrievalIndex,
    VideoRetrievalInferencer,
)
from .video_text_inferencer import VideoTextInferencer, build_bare_model

__all__ = [
    'RetrievalIndex', 'VideoCaptionInferencer', 'VideoQAInferencer',
    'VideoRetrievalInferencer', 'VideoSentimentInferencer',
    'VideoTextInferencer', 'build_bare_model', 'config_in', 'draw_ranking',
    'draw_result', 'inferencer_for', 'inferencer_of', 'load_run_checkpoint',
    'parse_config', 'plain_files'
]
