"""Cosines of texts and videos in the space that they share.

Shapes: V views of every video, Q texts, G videos, S shared width.
"""
import torch
import torch.nn.functional as F
from torch import Tensor


def unit(features: Tensor) -> Tensor:
    """Scale to unit length, (..., S), in float32 or better."""
    precision = torch.promote_types(features.dtype, torch.float32)
    return F.normalize(features.to(precision), dim=-1, eps=1e-8)


def mean_cosine(texts: Tensor, videos: Tensor) -> Tensor:
    """Average over views the cosine of every text with every video.

    Args:
        texts (Tensor): Features of any length, (V, Q, S), or (1, Q, S) for
            all views.
        videos (Tensor): (V, G, S).

    Returns:
        Tensor: (Q, G).
    """
    texts, videos = unit(texts), unit(videos)
    # Neighbours in a gallery are closer than what low precision tells apart.
    with torch.autocast(texts.device.type, enabled=False):
        return (texts @ videos.transpose(1, 2)).mean(dim=0)
