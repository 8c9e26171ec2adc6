"""What a model sees of a video, as one small image.

Shapes: T frames of H x W pixels, F feature vectors of D channels.
"""
import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor
from torch.nn.functional import interpolate

HEIGHT = 96  # pixels
_MOST_FRAMES = 8
_GAP = 2


def strip_of(inputs: Tensor) -> np.ndarray:
    """Put the frames of a video beside each other.

    Args:
        inputs (Tensor): What a pipeline packs: frames (V, 3, T, H, W) of V
            clips, uint8 or float in 0..255, of which the first clip is
            taken; or features (F, D), whose values become colours, a column
            per vector.

    Returns:
        np.ndarray: RGB, (h, w, 3), uint8, at most 96 pixels high.

    Raises:
        ValueError: If the shape is neither.
    """
    if inputs.dim() == 2:
        return _colours(inputs)
    if inputs.dim() == 5 and inputs.shape[1] == 3:
        inputs = inputs[0]
    if inputs.dim() != 4 or len(inputs) != 3:
        raise ValueError(
            'inputs must be frames (V, 3, T, H, W) or features (F, D), but '
            f'have the shape {tuple(inputs.shape)}')
    frames = inputs.transpose(0, 1)
    if len(frames) > _MOST_FRAMES:
        shown = torch.linspace(0, len(frames) - 1, _MOST_FRAMES).long()
        frames = frames[shown]
    frames = frames.float()
    if frames.shape[2] > HEIGHT:
        width = max(1, round(HEIGHT * frames.shape[3] / frames.shape[2]))
        frames = interpolate(frames, (HEIGHT, width), mode='area')
    frames = frames.clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    gap = np.full((frames.shape[1], _GAP, 3), 255, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)]
    return np.concatenate(parts[1:], axis=1)


def _colours(features: Tensor) -> np.ndarray:
    """Features as a map: time to the right, channels downwards."""
    values = features.float()
    values = values[values.abs().sum(dim=1) > 0]  # padding is zeros
    if not len(values):
        values = features[:1].float()
    low, high = values.min(), values.max()
    values = ((values - low) / (high - low).clamp(min=1e-12)).T
    values = values[:HEIGHT].repeat_interleave(
        max(1, HEIGHT // len(values)), dim=0)
    values = values.repeat_interleave(HEIGHT // 6, dim=1)
    return (colormaps['viridis'](values.numpy())[..., :3] * 255).astype(
        np.uint8)
