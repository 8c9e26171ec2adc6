"""Optimisers and schedules of the official code; importing registers them."""
from .bert_adam import BertAdam, BertAdamW
from .periodic_lr import PeriodicLR

__all__ = [
    'BertAdam',
    'BertAdamW',
    'PeriodicLR',
]
