"""All-in-one: one transformer for text, video and both."""
from .all_in_one import AllInOne
from .batch import AllInOneBatch
from .vit import AllInOneViT

__all__ = ['AllInOne', 'AllInOneBatch', 'AllInOneViT']
