"""Multiple-choice question answering: TGIF-Action, TGIF-Transition."""
from typing import TYPE_CHECKING, Tuple

import torch
from mmaction.registry import MODELS
from torch import Tensor

from ..heads import build_mlp_head
from .question_answering import VioletQuestionAnswering

if TYPE_CHECKING:
    from ..batch import VioletBatch
    from ..violet import Violet


@MODELS.register_module()
class VioletMultipleChoiceQA(VioletQuestionAnswering):
    """Answer a question with one of the options that come with it.

    Each option is a text of its own (the question with that option), so that
    the fields ``text_ids``, ``text_mask``, ``masked_text_ids`` and
    ``mtm_labels`` of a sample are (O, X), and a batch has B * O text rows.
    ``gt_label`` is the right option, 0..O-1.

    Every row takes part in the MTM loss, as in the official code; the MVM
    loss reads the states of each video with its right option, and the VTM
    loss matches each video with the text of its right option, among those of
    the batch.

    Args:
        hidden_size (int): D; given by the model.
        dropout (float): Rate in the option head. Defaults to 0.1.
        official_matching (bool): True makes the VTM loss take rows 0..B-1 of
            the B * O rows, as the official code does: video ``i // O`` with
            option ``i % O``, which tells nothing about matching. Defaults to
            False.
        mask_right_option_only (bool): True gives the MTM loss the text of
            the right option only. It then never learns to complete a wrong
            answer, and the masked pass has B rows instead of B * O. Defaults
            to False.
    """

    def __init__(self,
                 hidden_size: int,
                 dropout: float = 0.1,
                 official_matching: bool = False,
                 mask_right_option_only: bool = False) -> None:
        super().__init__()
        self.choice_head = build_mlp_head(hidden_size, 1, dropout)
        self.official_matching = official_matching
        self.mask_right_option_only = mask_right_option_only

    def outputs(self, model: 'Violet', batch: 'VioletBatch') -> Tensor:
        """Score the options, (B, O)."""
        cls = model.read_out(batch.target_states, batch.video.shape[1])
        return self.choice_head(cls).view(len(batch.frames), -1)

    def matching_pairs(self,
                       batch: 'VioletBatch') -> Tuple[Tensor, Tensor, Tensor]:
        """Give each video and the text of its right option.

        Args:
            batch (VioletBatch): The batch.

        Returns:
            tuple[Tensor, Tensor, Tensor]: Video features (B, n, D), embedded
            texts (B, X, D) and their masks (B, X).
        """
        video = batch.video
        if self.official_matching:
            rows = torch.arange(len(video), device=video.device)
            video = video[rows // (len(batch.text) // len(video))]
        else:
            rows = self._right_rows(batch)
        return video, batch.text[rows], batch.text_mask[rows]

    def masked_rows(self, batch: 'VioletBatch', rows: Tensor) -> Tensor:
        """Choose the texts that are read with hidden words.

        Args:
            batch (VioletBatch): The batch.
            rows (Tensor): A field of all texts, (B * O, X).

        Returns:
            Tensor: All rows, or with ``mask_right_option_only`` those of the
            right options, (B, X).
        """
        if self.mask_right_option_only:
            return rows[self._right_rows(batch)]
        return rows

    def coded_states(self, batch: 'VioletBatch') -> Tensor:
        """Give the masked states of each video with its right option.

        Args:
            batch (VioletBatch): The batch.

        Returns:
            Tensor: One row per video, (B, n + X, D).
        """
        if self.mask_right_option_only:
            return batch.masked_states
        return batch.masked_states[self._right_rows(batch)]

    @staticmethod
    def _right_rows(batch: 'VioletBatch') -> Tensor:
        labels = batch.field('gt_label').flatten()
        options = batch.field('text_ids').shape[1]
        if labels.min() < 0 or labels.max() >= options:
            raise ValueError(
                f'gt_label must be the right option, 0..{options - 1}, but '
                f'those of the batch are {labels.tolist()}; correct the '
                f'annotations')
        first = torch.arange(len(labels), device=labels.device) * options
        return first + labels
