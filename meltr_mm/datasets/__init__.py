"""Datasets and transforms; importing this package registers them."""
from .msvd_qa_dataset import MSVDQADataset
from .seeded_split import SeededSplit
from .transforms import *  # noqa: F401,F403

__all__ = ['MSVDQADataset', 'SeededSplit']
