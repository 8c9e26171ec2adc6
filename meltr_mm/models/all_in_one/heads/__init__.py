"""What All-in-one does with its states: one head per objective."""
from .answer_head import OpenEndedQAHead
from .choice_heads import ChoiceHead, MultipleChoiceQAHead, RankingHead
from .contrastive_head import ContrastiveHead
from .head import AllInOneHead
from .masked_language_head import MaskedLanguageHead
from .matching_head import MatchingHead

# The names by which a config asks for them, and their place in checkpoints.
HEADS = dict(
    mlm=MaskedLanguageHead,
    itc=ContrastiveHead,
    itm=MatchingHead,
    rank=RankingHead,
    qa=OpenEndedQAHead,
    mc=MultipleChoiceQAHead)

__all__ = [
    'HEADS', 'AllInOneHead', 'ChoiceHead', 'ContrastiveHead',
    'MaskedLanguageHead', 'MatchingHead', 'MultipleChoiceQAHead',
    'OpenEndedQAHead', 'RankingHead'
]
