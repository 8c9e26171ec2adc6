"""Optimisers and schedules of the official code; importing registers them."""
from .bert_adamw import BertAdamW

__all__ = ['BertAdamW']
