"""UniVL: one transformer for retrieval, captioning and sentiment."""
from .tasks import UniVLCaptioning, UniVLRetrieval, UniVLSentiment, UniVLTask
from .univl import LossRules, UniVL, UniVLBatch

__all__ = [
    'LossRules', 'UniVL', 'UniVLBatch', 'UniVLCaptioning', 'UniVLRetrieval',
    'UniVLSentiment', 'UniVLTask'
]
