"""What one batch looks like to VIOLET, each part computed at most once.

Shapes: B videos, R text rows (R = B where a video has one text), of which M
are read with hidden words (all, unless the task says otherwise), T frames, n
video positions, X text positions, D hidden size.
"""
from functools import cached_property
from typing import TYPE_CHECKING, Optional, Sequence

from mmaction.structures import ActionDataSample
from torch import Tensor

from ..layers import SampleBatch
from .masking import black_out

if TYPE_CHECKING:
    from .violet import Violet


class VioletBatch(SampleBatch):
    """Lazy features of one batch, shared by all its losses.

    Nothing is computed before a loss asks for it, so a subset of the losses
    runs only the passes that it needs.

    Args:
        model (Violet): Encoders and fusion layers.
        frames (Tensor, optional): Normalised frames, (B, 3, T, H, W); None
            where only texts are encoded.
        data_samples (Sequence[ActionDataSample]): B samples.
        masked_targets (bool): Show masked frames to every loss.
            Defaults to False.
    """

    def __init__(self,
                 model: 'Violet',
                 frames: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 masked_targets: bool = False) -> None:
        super().__init__(model, data_samples)
        self.frames = frames
        self.masked_targets = masked_targets

    @cached_property
    def video(self) -> Tensor:
        """Features of the frames that target and matching see, (B, n, D)."""
        if self.masked_targets:
            return self.masked_video
        return self.model.video_encoder(self.frames)

    @cached_property
    def masked_video(self) -> Tensor:
        """Features of the frames with masked cells blacked out, (B, n, D)."""
        return self.model.video_encoder(
            black_out(self.frames, self.field('patch_mask'),
                      self.model.black_level()))

    @cached_property
    def text(self) -> Tensor:
        """Embedded text, (R, X, D)."""
        return self.model.text_embeddings(self._rows('text_ids'))

    @cached_property
    def masked_text(self) -> Tensor:
        """Embedded text with hidden words, (M, X, D)."""
        return self.model.text_embeddings(self.masked_rows('masked_text_ids'))

    @cached_property
    def text_mask(self) -> Tensor:
        """1 = word, 0 = padding, (R, X)."""
        return self._rows('text_mask')

    @cached_property
    def target_states(self) -> Tensor:
        """Fused states of each video with its text, (R, n + X, D)."""
        return self.model.fuse(self.video, self.text, self.text_mask)

    @cached_property
    def masked_states(self) -> Tensor:
        """Fused states of masked video and masked text, (M, n + X, D)."""
        return self.model.fuse(self.masked_video, self.masked_text,
                               self.masked_rows('text_mask'))

    def masked_rows(self, name: str) -> Tensor:
        """Stack a field of the texts whose hidden words are named, (M, X)."""
        return self.model.task.masked_rows(self, self._rows(name))

    def _rows(self, name: str) -> Tensor:
        # One row per text, whether a sample has one or several.
        return self.field(name).flatten(0, -2)
