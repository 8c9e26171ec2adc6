"""The target tasks that VIOLET is fine-tuned for, one small class each.

A task owns the parameters that only it has, and says which losses there
are, in the order that MELTR sees them. Shapes: B videos, K answers.
"""
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Callable, Dict, List

from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor

from ..layers import labelled_cross_entropy
from .heads import build_mlp_head
from .losses import masked_text_loss, masked_video_loss, matching_loss

if TYPE_CHECKING:
    from .batch import VioletBatch
    from .violet import Violet

LossFunction = Callable[['Violet', 'VioletBatch'], Tensor]


class VioletTask(BaseModule, metaclass=ABCMeta):
    """A target task of VIOLET."""

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses.

        Returns:
            dict[str, callable]: Name -> function of model and batch, in
            order. Here the three objectives that every task keeps.
        """
        return dict(
            loss_vtm=matching_loss,
            loss_mtm=masked_text_loss,
            loss_mvm=masked_video_loss)

    @abstractmethod
    def scores(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Compute the logits of the task, its 'tensor' output."""

    @abstractmethod
    def predict(self, model: 'Violet',
                batch: 'VioletBatch') -> List[ActionDataSample]:
        """Write predictions into the data samples and return them."""


@MODELS.register_module()
class VioletOpenEndedQA(VioletTask):
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

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: the answer first, then the shared three."""
        return dict(loss_qa=self.answer_loss, **super().loss_functions())

    def answer_loss(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Cross entropy over the vocabulary.

        An answer of -1 (outside the vocabulary) does not count; 0 where no
        answer of the batch counts.
        """
        labels = batch.field('gt_label').flatten()
        return labelled_cross_entropy(self.scores(model, batch), labels)

    def scores(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Score the answers, (B, K)."""
        return self.answer_head(
            model.read_out(batch.target_states, batch.video.shape[1]))

    def predict(self, model: 'Violet',
                batch: 'VioletBatch') -> List[ActionDataSample]:
        """Set ``pred_score`` (softmax, float32) and ``pred_label``."""
        scores = self.scores(model, batch).float().softmax(dim=-1)
        for sample, score in zip(batch.data_samples, scores, strict=True):
            sample.set_pred_score(score)
            sample.set_pred_label(score.argmax(keepdim=True))
        return batch.data_samples
