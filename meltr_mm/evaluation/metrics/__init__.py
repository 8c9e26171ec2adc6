"""Metrics; importing this package registers them."""
from .caption_metric import CaptionMetric
from .open_ended_qa_metric import OpenEndedQAMetric
from .sentiment_metric import SentimentMetric
from .text_video_retrieval_metric import TextVideoRetrievalMetric

__all__ = [
    'CaptionMetric',
    'OpenEndedQAMetric',
    'SentimentMetric',
    'TextVideoRetrievalMetric',
]
