"""Datasets and transforms; importing this package registers them."""
from .choice_lines_dataset import ChoiceLinesDataset
from .msrvtt_list_dataset import MSRVTTListDataset
from .msvd_qa_dataset import MSVDQADataset
from .qa_lines_dataset import QALinesDataset
from .seeded_split import SeededSplit
from .transforms import *  # noqa: F401,F403

__all__ = [
    'ChoiceLinesDataset', 'MSRVTTListDataset', 'MSVDQADataset',
    'QALinesDataset', 'SeededSplit'
]
