"""Metrics; importing this package registers them."""
from .open_ended_qa_metric import OpenEndedQAMetric
from .text_video_retrieval_metric import TextVideoRetrievalMetric

__all__ = ['OpenEndedQAMetric', 'TextVideoRetrievalMetric']
