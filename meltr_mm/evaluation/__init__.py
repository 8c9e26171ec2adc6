"""Evaluation; importing this package registers the metrics."""
from .metrics import (
    CaptionMetric,
    OpenEndedQAMetric,
    SentimentMetric,
    TextVideoRetrievalMetric,
)

__all__ = [
    'CaptionMetric',
    'OpenEndedQAMetric',
    'SentimentMetric',
    'TextVideoRetrievalMetric',
]
