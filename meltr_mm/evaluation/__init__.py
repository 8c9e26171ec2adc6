"""Evaluation; importing this package registers the metrics."""
from .metrics import OpenEndedQAMetric

__all__ = ['OpenEndedQAMetric']
