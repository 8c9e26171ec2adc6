"""Datasets and transforms; importing this package registers them."""
from .choice_lines_dataset import ChoiceLinesDataset
from .cmu_mosi_dataset import CMUMOSIDataset
from .msrvtt_drawn_choice_dataset import MSRVTTDrawnChoiceDataset
from .msrvtt_feature_dataset import MSRVTTFeatureDataset
from .msrvtt_list_dataset import MSRVTTListDataset
from .msrvtt_retrieval_dataset import MSRVTTRetrievalDataset
from .msvd_qa_dataset import MSVDQADataset
from .qa_lines_dataset import QALinesDataset
from .seeded_split import SeededSplit
from .tgif_choice_qa_dataset import TGIFChoiceQADataset
from .tgif_frame_qa_dataset import TGIFFrameQADataset
from .transforms import *  # noqa: F401, F403
from .youcook2_dataset import YouCook2Dataset

__all__ = [
    'CMUMOSIDataset',
    'ChoiceLinesDataset',
    'MSRVTTDrawnChoiceDataset',
    'MSRVTTFeatureDataset',
    'MSRVTTListDataset',
    'MSRVTTRetrievalDataset',
    'MSVDQADataset',
    'QALinesDataset',
    'SeededSplit',
    'TGIFChoiceQADataset',
    'TGIFFrameQADataset',
    'YouCook2Dataset',
]
