"""Blacking out the cells of a clip that masked video modelling predicts."""
from typing import Union

from torch import Tensor

from .video_encoder import CELL


def black_out(frames: Tensor, patch_mask: Tensor,
              black: Union[Tensor, float]) -> Tensor:
    """Fill the masked cells of every frame.

    Args:
        frames (Tensor): Normalised frames, (B, 3, T, H, W).
        patch_mask (Tensor): bool, True = masked, (B, T, H/32, W/32).
        black (Tensor or float): What a black pixel becomes by
            normalisation, broadcastable to ``frames``.

    Returns:
        Tensor: A new tensor like ``frames``, which is left as it is.

    Raises:
        ValueError: If the mask has not one entry per cell.
    """
    B, _, T, H, W = frames.shape
    expected = (B, T, H // CELL, W // CELL)
    if patch_mask.shape != expected:
        raise ValueError(
            f'patch_mask must have one entry per {CELL} x {CELL} cell, '
            f'{expected[1:]} for frames of {H} x {W}, but has '
            f'{tuple(patch_mask.shape[1:])}; make the masking transform and '
            f'the resize transform agree')
    pixels = patch_mask.repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
    pixels = pixels.bool()[:, None]  # (B, 1, T, H, W)
    if isinstance(black, Tensor):
        black = black.to(frames).expand_as(frames)
        return black.where(pixels, frames)
    return frames.masked_fill(pixels, black)
