"""What one batch looks like to All-in-one, each part computed at most once.

Shapes: B videos, T frames, N visual tokens per frame, L text tokens, C
candidate texts per video, D width.
"""
from functools import cached_property
from typing import TYPE_CHECKING, Optional, Sequence

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from ..layers import SampleBatch

if TYPE_CHECKING:
    from .all_in_one import AllInOne


class AllInOneBatch(SampleBatch):
    """Lazy features of one batch, shared by all its losses.

    Nothing is computed before a loss asks for it, so a subset of the losses
    runs only the passes that it needs.

    Args:
        model (AllInOne): Embeddings and transformer.
        frames (Tensor, optional): Normalised frames, (B * views, 3, T, H,
            W); None where only texts are encoded.
        data_samples (Sequence[ActionDataSample]): B samples.
        views (int): Clips per video. More than one is for encoding videos by
            themselves. Defaults to 1.
    """

    def __init__(self,
                 model: 'AllInOne',
                 frames: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 views: int = 1) -> None:
        super().__init__(model, data_samples)
        self.frames = frames
        self.views = views

    @cached_property
    def text_mask(self) -> Tensor:
        """1 = word, 0 = padding, (B, L)."""
        return self.field('text_mask')

    @cached_property
    def text(self) -> Tensor:
        """Embedded text, (B, L, D)."""
        return self.model.embed_text(self.field('text_ids'))

    @cached_property
    def video(self) -> Tensor:
        """Visual tokens, (B * views, T, N, D)."""
        return self.model.embed_video(self.frames)

    @cached_property
    def text_states(self) -> Tensor:
        """Texts by themselves, (B, L, D)."""
        return self.model.encode_text(self.text, self.text_mask)

    @cached_property
    def video_states(self) -> Tensor:
        """Videos by themselves, (B * views, N, D)."""
        return self.model.encode_video(self.video)

    @cached_property
    def joint_states(self) -> Tensor:
        """Each video with its text, (B, L + N, D)."""
        return self.model.fuse(self.text, self.text_mask, self.video)

    @cached_property
    def masked_states(self) -> Tensor:
        """Each video with its text, some words hidden, (B, L + N, D)."""
        text = self.model.embed_text(self.field('masked_text_ids'))
        return self.model.fuse(text, self.text_mask, self.video)

    @cached_property
    def option_states(self) -> Tensor:
        """Each video with each of its candidate texts, (B * C, L + N, D)."""
        ids = self.field('option_ids')
        return self.model.fuse(
            self.model.embed_text(ids.flatten(0, 1)),
            self.field('option_mask').flatten(0, 1),
            self.video.repeat_interleave(ids.shape[1], dim=0))

    @cached_property
    def is_matched(self) -> Tensor:
        """Which texts have their own video in the states below, (B,) bool.

        The first half, at least one: the sampler has shuffled the batch.
        """
        B = len(self.frames)
        return torch.arange(B, device=self.frames.device) < max(1, B // 2)

    @cached_property
    def half_matched_states(self) -> Tensor:
        """Texts with their own video or another's, (B, L + N, D).

        The other video is that of the next sample, or the samples' field
        ``other_frames`` (3, T, H, W), normalised, where they have it:
        officially it is any other video of the data set.
        """
        text = self.text
        if 'other_frames' in self.data_samples[0]:
            other = self.model.embed_video(self.field('other_frames'))
        else:
            other = self.video.roll(-1, dims=0)
        own = self.is_matched.view(-1, 1, 1, 1)
        return self.model.fuse(text, self.text_mask,
                               self.video.where(own, other))
