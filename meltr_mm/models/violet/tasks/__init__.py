"""The target tasks that VIOLET is fine-tuned for, one small class each."""
from .multiple_choice_qa import VioletMultipleChoiceQA
from .open_ended_qa import VioletOpenEndedQA
from .retrieval import VioletRetrieval
from .task import VioletTask

__all__ = [
    'VioletMultipleChoiceQA', 'VioletOpenEndedQA', 'VioletRetrieval',
    'VioletTask'
]
