"""What one batch looks like to UniVL, each part computed at most once.

Shapes: B text-video pairs, W words, F frames, D feature channels, H hidden
size.
"""
from functools import cached_property
from typing import TYPE_CHECKING, Optional, Sequence

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from ..layers import IGNORED, SampleBatch

if TYPE_CHECKING:
    from .univl import UniVL


class UniVLBatch(SampleBatch):
    """Lazy states of one batch, shared by all its losses.

    Nothing is computed before a loss asks for it, so a subset of the losses
    runs only the passes that it needs. "Masked" is what the model sees when
    words and frames are hidden from it; paddings are the same for both.

    Args:
        model (UniVL): Encoders.
        features (Tensor, optional): Frame features as they are on disk,
            (B, F, D); None where only texts are encoded.
        data_samples (Sequence[ActionDataSample]): B samples.
    """

    def __init__(self, model: 'UniVL', features: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]]) -> None:
        super().__init__(model, data_samples)
        self.features = features

    @cached_property
    def text_mask(self) -> Tensor:
        """1 = word, 0 = padding, (B, W)."""
        return self.field('text_mask')

    @cached_property
    def video_mask(self) -> Tensor:
        """1 = frame, 0 = padding, (B, F)."""
        mask = self.field('video_mask')
        if mask.shape != self.features.shape[:2]:
            raise ValueError(
                f'video_mask must have one entry per frame, '
                f'{self.features.shape[1]} here, but has {mask.shape[1]}; '
                f'pad features and mask alike')
        return mask

    @cached_property
    def pair_mask(self) -> Tensor:
        """Both masks, text first, (B, W + F)."""
        return torch.cat([self.text_mask, self.video_mask], dim=1)

    @cached_property
    def frames(self) -> Tensor:
        """Normalised features, (B, F, D)."""
        return self.model.normalize(self.features)

    @cached_property
    def text(self) -> Tensor:
        """States of the text, (B, W, H)."""
        return self.model.text_encoder(
            self.field('text_ids'), self.text_mask)

    @cached_property
    def masked_text(self) -> Tensor:
        """States of the text with hidden words, (B, W, H)."""
        return self.model.text_encoder(
            self.field('masked_text_ids'), self.text_mask)

    @cached_property
    def video(self) -> Tensor:
        """States of the video, (B, F, H)."""
        return self.model.video_encoder(self.frames, self.video_mask)

    @cached_property
    def masked_frames(self) -> Tensor:
        """Normalised features, hidden frames zero before it, (B, F, D)."""
        hidden = self.field('mfm_labels') != IGNORED
        return self.model.normalize(
            self.features.masked_fill(hidden[:, :, None], 0.))

    @cached_property
    def masked_video(self) -> Tensor:
        """States of the video with hidden frames, (B, F, H)."""
        return self.model.video_encoder(self.masked_frames, self.video_mask)

    @cached_property
    def states(self) -> Tensor:
        """Joint states of each pair, text first, (B, W + F, H)."""
        return self.model.cross_encoder(self.text, self.text_mask, self.video,
                                        self.video_mask)

    @cached_property
    def masked_states(self) -> Tensor:
        """Joint states of each masked pair, (B, W + F, H)."""
        return self.model.cross_encoder(self.masked_text, self.text_mask,
                                        self.masked_video, self.video_mask)
