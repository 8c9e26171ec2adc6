"""What all target tasks of UniVL have in common."""
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Any, Callable, Dict, List

from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor

from .losses import (
    alignment_loss,
    decoder_loss,
    joint_loss,
    masked_alignment_loss,
    masked_decoder_loss,
    masked_frame_loss,
    masked_joint_loss,
    masked_language_loss,
)

if TYPE_CHECKING:
    from .batch import UniVLBatch
    from .univl import UniVL

LossFunction = Callable[['UniVL', 'UniVLBatch'], Tensor]


class UniVLTask(BaseModule, metaclass=ABCMeta):
    """A target task of UniVL: which losses there are, what is predicted.

    Args:
        hidden_size (int): H; given by the model, for tasks with parameters
            of their own.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses.

        Returns:
            dict[str, callable]: Name -> function of model and batch, in
            order. Here all eight, in the official order.
        """
        return dict(
            loss_joint=joint_loss,
            loss_alignment=alignment_loss,
            loss_mlm=masked_language_loss,
            loss_mfm=masked_frame_loss,
            loss_m_joint=masked_joint_loss,
            loss_m_align=masked_alignment_loss,
            loss_decoder=decoder_loss,
            loss_m_decoder=masked_decoder_loss)

    @abstractmethod
    def scores(self, model: 'UniVL', batch: 'UniVLBatch') -> Any:
        """Compute what the task predicts from, its 'tensor' output."""

    @abstractmethod
    def predict(self, model: 'UniVL',
                batch: 'UniVLBatch') -> List[ActionDataSample]:
        """Write predictions into the data samples and return them."""
