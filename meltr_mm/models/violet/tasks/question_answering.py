"""What both kinds of question answering share: one score per answer."""
from abc import abstractmethod
from typing import TYPE_CHECKING, Dict, List

from mmaction.structures import ActionDataSample
from torch import Tensor

from ...layers import labelled_cross_entropy
from .task import LossFunction, VioletTask

if TYPE_CHECKING:
    from ..batch import VioletBatch
    from ..violet import Violet


class VioletQuestionAnswering(VioletTask):
    """Choose one of K answers. Shapes: B videos, K answers."""

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: the answer first, then the shared three."""
        return dict(loss_qa=self.answer_loss, **super().loss_functions())

    def answer_loss(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Cross entropy over the answers.

        An answer of -1 (outside the vocabulary) does not count; 0 where no
        answer of the batch counts.
        """
        labels = batch.field('gt_label').flatten()
        return labelled_cross_entropy(self.outputs(model, batch), labels)

    @abstractmethod
    def outputs(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Score the answers, (B, K)."""

    def predict(self, model: 'Violet',
                batch: 'VioletBatch') -> List[ActionDataSample]:
        """Set ``pred_score`` (softmax, float32) and ``pred_label``."""
        scores = self.outputs(model, batch).float().softmax(dim=-1)
        for sample, score in zip(batch.data_samples, scores, strict=True):
            sample.set_pred_score(score)
            sample.set_pred_label(score.argmax(keepdim=True))
        return batch.data_samples
