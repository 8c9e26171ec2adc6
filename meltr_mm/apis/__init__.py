"""What people use a trained model by."""
from .checkpoint import config_in, load_run_checkpoint
from .config_data import parse_config, plain_files
from .drawing import draw_ranking, draw_result
from .inferencer_for import inferencer_for, inferencer_of
from .retrieval_index import RetrievalIndex
from .transcript_inferencers import (
    VideoCaptionInferencer,
    VideoSentimentInferencer,
)
from .video_qa_inferencer import VideoQAInferencer
from .video_retrieval_inferencer import VideoRetrievalInferencer
from .video_text_inferencer import VideoTextInferencer, build_bare_model

__all__ = [
    'RetrievalIndex', 'VideoCaptionInferencer', 'VideoQAInferencer',
    'VideoRetrievalInferencer', 'VideoSentimentInferencer',
    'VideoTextInferencer', 'build_bare_model', 'config_in', 'draw_ranking',
    'draw_result', 'inferencer_for', 'inferencer_of', 'load_run_checkpoint',
    'parse_config', 'plain_files'
]
