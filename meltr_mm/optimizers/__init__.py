"""Optimisers of the official recipes that torch does not have."""
from .bert_adamw import BertAdamW

__all__ = ['BertAdamW']
