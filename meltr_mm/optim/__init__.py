"""Optimisers of the official code, and schedules; importing registers them."""
from .bert_adam import BertAdam, BertAdamW
from .meta_optimizer_scheduler import MetaOptimizerScheduler
from .periodic_lr import PeriodicLR

__all__ = [
    'BertAdam',
    'BertAdamW',
    'MetaOptimizerScheduler',
    'PeriodicLR',
]
