"""Evaluation; importing this package registers the metrics."""
from .metrics import OpenEndedQAMetric, TextVideoRetrievalMetric

__all__ = ['OpenEndedQAMetric', 'TextVideoRetrievalMetric']
