"""Multimodal sentiment with UniVL."""
from typing import TYPE_CHECKING, Dict, List

import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from .losses import (
    alignment_loss,
    joint_loss,
    masked_frame_loss,
    masked_language_loss,
)
from .tasks import LossFunction, UniVLTask

if TYPE_CHECKING:
    from .batch import UniVLBatch
    from .univl import UniVL


@MODELS.register_module()
class UniVLSentiment(UniVLTask):
    """Rate the sentiment of an utterance from its transcript and video.

    The official code for this task was never released; this design is
    inferred: mean of the cross encoder's states over words and frames,
    dropout, one linear unit, L1 loss; joint, alignment, MLM and MFM losses
    beside it. Loss of the target: ``loss_sentiment``. Reads the field
    ``sentiment`` (1,), float, of the data samples.

    Args:
        hidden_size (int): Given by the model.
        dropout (float): Rate before the linear unit. Defaults to 0.1.
    """

    def __init__(self, hidden_size: int, dropout: float = 0.1) -> None:
        super().__init__(hidden_size)
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(hidden_size, 1))

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: the rating first, then four of UniVL's."""
        return dict(
            loss_sentiment=self.rating_loss,
            loss_joint=joint_loss,
            loss_alignment=alignment_loss,
            loss_mlm=masked_language_loss,
            loss_mfm=masked_frame_loss)

    def rating_loss(self, model: 'UniVL', batch: 'UniVLBatch') -> Tensor:
        """Mean absolute error of the rating."""
        ratings = self.scores(model, batch).float()
        return F.l1_loss(ratings, batch.field('sentiment').view_as(ratings))

    def scores(self, model: 'UniVL', batch: 'UniVLBatch') -> Tensor:
        """Rate the utterances, (B,)."""
        mask = batch.pair_mask.to(batch.states.dtype)[:, :, None]
        pooled = (batch.states * mask).sum(dim=1) / mask.sum(dim=1)
        return self.head(pooled)[:, 0]

    def predict(self, model: 'UniVL',
                batch: 'UniVLBatch') -> List[ActionDataSample]:
        """Set ``pred_sentiment`` (1,), float32."""
        for sample, rating in zip(
                batch.data_samples, self.scores(model, batch).float(),
                strict=True):
            sample.set_data(dict(pred_sentiment=rating[None]))
        return list(batch.data_samples)
