"""Choosing one of several texts for a video.

Shapes: B videos, C candidate texts each, L text tokens, D width.
"""
from abc import abstractmethod
from typing import TYPE_CHECKING, Dict

from torch import Tensor, nn
from transformers import BertConfig

from ...layers import labelled_cross_entropy
from .head import ClassifyingHead, LossFunction

if TYPE_CHECKING:
    from ..batch import AllInOneBatch


class ChoiceHead(ClassifyingHead):
    """Score each candidate text by a pass of its own with the video.

    Reads ``option_ids`` and ``option_mask``, (C, L) int64, and ``gt_label``,
    (1,) int64: which candidate is right.
    """

    # Name of the loss.
    loss_name: str

    @abstractmethod
    def score(self, pooled: Tensor) -> Tensor:
        """Score pooled states, (..., D) -> (..., 1)."""

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the one loss."""
        return {self.loss_name: self.loss}

    def loss(self, batch: 'AllInOneBatch') -> Tensor:
        """Cross entropy over the candidates, mean over the batch."""
        labels = batch.field('gt_label').flatten()
        return labelled_cross_entropy(self.scores(batch), labels)

    def scores(self, batch: 'AllInOneBatch') -> Tensor:
        """Score the candidates, (B, C)."""
        pooled = batch.model.pool(batch.option_states)
        return self.score(pooled).view(len(batch.frames), -1)


class RankingHead(ChoiceHead):
    """Rank captions of a video: one linear layer, loss ``loss_rank``.

    Used to choose the caption of a video (MSRVTT multiple choice), and with
    false captions drawn by the pipeline, the true one first, as video-text
    matching (VTM). Where a checkpoint has no such layer, it starts as the
    "own video" row of the matching head, which ranks without training; see
    :class:`AllInOne`.

    Args:
        bert (BertConfig): Gives D.
    """

    loss_name = 'loss_rank'

    def __init__(self, bert: BertConfig) -> None:
        super().__init__()
        self.fc = nn.Linear(bert.hidden_size, 1)

    def score(self, pooled: Tensor) -> Tensor:
        """Score pooled states, (..., D) -> (..., 1)."""
        return self.fc(pooled)


class MultipleChoiceQAHead(ChoiceHead):
    """Answer a question with one of its options, loss ``loss_mc``.

    A candidate is the question together with one option (TGIF-QA's action
    and transition tasks).

    Args:
        bert (BertConfig): Gives D.
        hidden_dim (int): Width of the hidden layer. Defaults to 256.
        dropout (float): Rate on the input. Defaults to 0.1.
    """

    loss_name = 'loss_mc'

    def __init__(self,
                 bert: BertConfig,
                 hidden_dim: int = 256,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(bert.hidden_size, hidden_dim),
            nn.LayerNorm(hidden_dim), nn.GELU(), nn.Linear(hidden_dim, 1))

    def score(self, pooled: Tensor) -> Tensor:
        """Score pooled states, (..., D) -> (..., 1)."""
        return self.classifier(pooled)
