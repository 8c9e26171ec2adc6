"""Metrics; importing this package registers them."""
from .open_ended_qa_metric import OpenEndedQAMetric

__all__ = ['OpenEndedQAMetric']
