"""What the heads have in common."""
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Callable, Dict, List

from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor

if TYPE_CHECKING:
    from ..batch import AllInOneBatch

LossFunction = Callable[['AllInOneBatch'], Tensor]


class AllInOneHead(BaseModule, metaclass=ABCMeta):
    """An objective of All-in-one.

    A head owns the parameters that only its objective has. It is trained on
    the losses that it names; it may also be the one that predicts.
    """

    @abstractmethod
    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses.

        Returns:
            dict[str, callable]: Name -> function of a batch, in order.
        """


class PredictingHead(AllInOneHead):
    """A head that a model can have as its target."""

    # Whether videos may come as several clips each.
    takes_views = False

    @abstractmethod
    def scores(self, batch: 'AllInOneBatch') -> Tensor:
        """Compute what is decided by, the model's 'tensor' output."""

    @abstractmethod
    def predict(self, batch: 'AllInOneBatch') -> List[ActionDataSample]:
        """Write predictions into the data samples and return them."""


class ClassifyingHead(PredictingHead):
    """A head that chooses one of K classes."""

    def predict(self, batch: 'AllInOneBatch') -> List[ActionDataSample]:
        """Set ``pred_score`` (K,), softmax in float32, and ``pred_label``."""
        scores = self.scores(batch).float().softmax(dim=-1)
        for sample, score in zip(batch.data_samples, scores, strict=True):
            sample.set_pred_score(score)
            sample.set_pred_label(score.argmax(keepdim=True))
        return batch.data_samples
