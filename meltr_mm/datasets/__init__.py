"""Datasets and transforms; importing this package registers them."""
from .cmu_mosi_dataset import CMUMOSIDataset
from .msrvtt_feature_dataset import MSRVTTFeatureDataset
from .msvd_qa_dataset import MSVDQADataset
from .seeded_split import SeededSplit
from .transforms import *  # noqa: F401,F403
from .youcook2_dataset import YouCook2Dataset

__all__ = [
    'CMUMOSIDataset', 'MSRVTTFeatureDataset', 'MSVDQADataset', 'SeededSplit',
    'YouCook2Dataset'
]
