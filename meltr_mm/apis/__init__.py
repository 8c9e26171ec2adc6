"""What people use a trained model by."""
from .checkpoint import config_in, load_run_checkpoint
from .drawing import draw_ranking, draw_result
from .retrieval_index import RetrievalIndex
from .targets import target_of
from .video_caption_inferencer import VideoCaptionInferencer
from .video_qa_inferencer import VideoQAInferencer
from .video_retrieval_inferencer import VideoRetrievalInferencer
from .video_sentiment_inferencer import VideoSentimentInferencer
from .video_text_inferencer import VideoTextInferencer

__all__ = [
    'RetrievalIndex', 'VideoCaptionInferencer', 'VideoQAInferencer',
    'VideoRetrievalInferencer', 'VideoSentimentInferencer',
    'VideoTextInferencer', 'config_in', 'draw_ranking', 'draw_result',
    'load_run_checkpoint', 'target_of'
]
