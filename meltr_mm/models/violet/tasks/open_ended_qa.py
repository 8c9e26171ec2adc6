"""Open-ended question answering: MSVD-QA, TGIF-Frame."""
from typing import TYPE_CHECKING

from mmaction.registry import MODELS
from torch import Tensor

from ..heads import build_mlp_head
from .question_answering import VioletQuestionAnswering

if TYPE_CHECKING:
    from ..batch import VioletBatch
    from ..violet import Violet


@MODELS.register_module()
class VioletOpenEndedQA(VioletQuestionAnswering):
    """Answer a question with one entry of an answer vocabulary.

    Args:
        hidden_size (int): D; given by the model.
        num_answers (int): K, size of the vocabulary.
        dropout (float): Rate in the answer head. Defaults to 0.5.
    """

    def __init__(self,
                 hidden_size: int,
                 num_answers: int,
                 dropout: float = 0.5) -> None:
        super().__init__()
        self.answer_head = build_mlp_head(hidden_size, num_answers, dropout)

    def outputs(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Score the answers, (B, K)."""
        return self.answer_head(
            model.read_out(batch.target_states, batch.video.shape[1]))
