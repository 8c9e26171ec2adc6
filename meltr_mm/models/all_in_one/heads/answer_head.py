"""Open-ended question answering."""
from typing import TYPE_CHECKING, Dict

from torch import Tensor, nn
from transformers import BertConfig

from ...layers import labelled_cross_entropy
from .head import ClassifyingHead, LossFunction

if TYPE_CHECKING:
    from ..batch import AllInOneBatch


class OpenEndedQAHead(ClassifyingHead):
    """Answer a question with one entry of an answer vocabulary.

    The text is the question. Reads ``gt_label``, (1,) int64 with -1 = an
    answer outside the vocabulary.

    Args:
        bert (BertConfig): Gives the width of the states, D.
        num_answers (int): K, the outputs. The official code has one more
            than the vocabulary, which is never a target.
        dropout (float): Rate on the input. Defaults to 0.5.
    """

    def __init__(self,
                 bert: BertConfig,
                 num_answers: int,
                 dropout: float = 0.5) -> None:
        super().__init__()
        D = bert.hidden_size
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(D, D // 2), nn.LayerNorm(D // 2),
            nn.GELU(), nn.Linear(D // 2, num_answers))

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the loss: ``loss_qa``."""
        return dict(loss_qa=self.loss)

    def loss(self, batch: 'AllInOneBatch') -> Tensor:
        """Cross entropy over the vocabulary.

        An answer of -1 does not count; 0 where no answer of the batch
        counts.
        """
        labels = batch.field('gt_label').flatten()
        return labelled_cross_entropy(self.scores(batch), labels)

    def scores(self, batch: 'AllInOneBatch') -> Tensor:
        """Score the answers, (B, K)."""
        return self.classifier(batch.model.pool(batch.joint_states))
