"""UniVL: one transformer for retrieval, captioning and sentiment."""
from .captioning import UniVLCaptioning
from .retrieval import UniVLRetrieval
from .sentiment import UniVLSentiment
from .univl import UniVL

__all__ = ['UniVL', 'UniVLCaptioning', 'UniVLRetrieval', 'UniVLSentiment']
