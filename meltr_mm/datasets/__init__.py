"""Datasets and transforms; importing this package registers them."""
from .answer_vocabulary import AnswerVocabularyHook
from .csv_video_text_dataset import CsvVideoTextDataset
from .feature_datasets import (
    CMUMOSIDataset,
    MSRVTTFeatureDataset,
    YouCook2Dataset,
)
from .msrvtt_video_datasets import (
    MSRVTTDrawnChoiceDataset,
    MSRVTTListDataset,
    MSRVTTRetrievalDataset,
)
from .multiple_choice_datasets import ChoiceLinesDataset, TGIFChoiceQADataset
from .open_ended_qa_datasets import (
    MSVDQADataset,
    QALinesDataset,
    TGIFFrameQADataset,
)
from .seeded_split import SeededSplit
from .transforms import *  # noqa: F401, F403

__all__ = [
    'AnswerVocabularyHook',
    'CMUMOSIDataset',
    'ChoiceLinesDataset',
    'CsvVideoTextDataset',
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
