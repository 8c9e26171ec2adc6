"""What every target task of VIOLET has to say.

A task owns the parameters that only it has, and says which losses there
are, in the order that MELTR sees them. Shapes: B videos, R text rows, n
video and X text positions, D hidden size.
"""
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Callable, Dict, List, Tuple, Union

from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor

from ..losses import masked_text_loss, masked_video_loss, matching_loss

if TYPE_CHECKING:
    from ..batch import VioletBatch
    from ..violet import Violet

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

    def matching_pairs(self,
                       batch: 'VioletBatch') -> Tuple[Tensor, Tensor, Tensor]:
        """Give videos and the text that belongs to each.

        Args:
            batch (VioletBatch): The batch.

        Returns:
            tuple[Tensor, Tensor, Tensor]: Video features (B, n, D), embedded
            texts (B, X, D) and their masks (B, X).
        """
        return batch.video, batch.text, batch.text_mask

    def masked_rows(self, batch: 'VioletBatch', rows: Tensor) -> Tensor:
        """Choose the texts that are read with hidden words.

        Args:
            batch (VioletBatch): The batch.
            rows (Tensor): A field of all texts, (R, X).

        Returns:
            Tensor: The rows of M texts, (M, X). Here all.
        """
        return rows

    def coded_states(self, batch: 'VioletBatch') -> Tensor:
        """Give the masked states whose cells are to be named.

        Args:
            batch (VioletBatch): The batch.

        Returns:
            Tensor: One row per video, (B, n + X, D).
        """
        return batch.masked_states

    @abstractmethod
    def outputs(self, model: 'Violet',
                batch: 'VioletBatch') -> Union[Tensor, Dict[str, Tensor]]:
        """Compute what the model returns in 'tensor' mode.

        Args:
            model (Violet): The model.
            batch (VioletBatch): The batch.

        Returns:
            Tensor or dict[str, Tensor]: Scores of the answers, (B, K), or of
            each text and video what :meth:`predict_all` of retrieval takes.
        """

    @abstractmethod
    def predict(self, model: 'Violet',
                batch: 'VioletBatch') -> List[ActionDataSample]:
        """Write predictions into the data samples and return them."""
