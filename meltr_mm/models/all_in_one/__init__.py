"""All-in-one: one transformer for text, video and both."""
from .all_in_one import HEADS, AllInOne, AllInOneBatch
from .heads import (
    ChoiceHead,
    ContrastiveHead,
    MaskedLanguageHead,
    MatchingHead,
    MultipleChoiceQAHead,
    OpenEndedQAHead,
    RankingHead,
)
from .vit import AllInOneViT

__all__ = [
    'HEADS', 'AllInOne', 'AllInOneBatch', 'AllInOneViT', 'ChoiceHead',
    'ContrastiveHead', 'MaskedLanguageHead', 'MatchingHead',
    'MultipleChoiceQAHead', 'OpenEndedQAHead', 'RankingHead'
]
