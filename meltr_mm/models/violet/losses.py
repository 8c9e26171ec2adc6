"""The three objectives that VIOLET brings from its pre-training.

Each takes the model and a batch and returns a scalar. Shapes: B videos, n
video and X text positions, D hidden size.
"""
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers import IGNORED, labelled_cross_entropy

if TYPE_CHECKING:
    from .batch import VioletBatch
    from .violet import Violet


def matching_loss(model: 'Violet', batch: 'VioletBatch') -> Tensor:
    """Video-text matching (VTM): find each video's own text in the batch.

    Cross entropy over the texts for each video; other texts of the batch
    are the negatives. A batch of one video has loss 0.
    """
    scores = model.match(*model.task.matching_pairs(batch))
    scores = scores.float() / model.temperature
    return F.cross_entropy(scores, matching_targets(scores))


def matching_targets(scores: Tensor) -> Tensor:
    """Give the column of each video's own text, (B, B) -> (B,) int64."""
    return torch.arange(len(scores), device=scores.device)


def masked_text_loss(model: 'Violet', batch: 'VioletBatch') -> Tensor:
    """Masked text modelling (MTM): name the hidden words.

    Mean over the labelled words of the batch, 0 where there are none.
    """
    labels = batch.masked_rows('mtm_labels')
    states = batch.masked_states[:, -labels.shape[1]:]
    return _masked_modelling(model.mtm_head, states, labels)


def masked_video_loss(model: 'Violet', batch: 'VioletBatch') -> Tensor:
    """Masked visual-token modelling (MVM): name the codes of hidden cells.

    Mean over the labelled cells of the batch, 0 where there are none.
    """
    labels = batch.field('mvm_labels')
    states = model.task.coded_states(batch)
    states = states[:, :batch.masked_video.shape[1]]
    if labels.shape[1] != states.shape[1]:
        raise ValueError(
            f'mvm_labels must have one entry per video position, '
            f'{states.shape[1]} here (each frame: its [CLS], then its '
            f'cells), but has {labels.shape[1]}')
    return _masked_modelling(model.mvm_head, states, labels)


def _masked_modelling(head: nn.Module, states: Tensor,
                      labels: Tensor) -> Tensor:
    # Most positions have no label, and the vocabulary is the widest tensor
    # of the model: score only the ones that count. Without any, the sum over
    # no rows keeps the graph.
    chosen = labels != IGNORED
    return labelled_cross_entropy(head(states[chosen]), labels[chosen])
