"""How far the words of a text lie from the patches of a video.

The distance is that of optimal transport, approximated by the inexact
proximal point method (IPOT, Xie et al., UAI 2019). Shapes: B pairs, n words,
m patches, D width.
"""
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Step of the proximal point method, and how many steps are taken.
BETA = 0.5
STEPS = 50


def transport_distance(words: Tensor, patches: Tensor, word_mask: Tensor,
                       patch_mask: Tensor) -> Tensor:
    """Give the optimal-transport distance of two sets of vectors.

    Moving mass from a word to a patch costs one minus their cosine; words,
    and patches, weigh the same. The plan is a constant for gradients.

    Args:
        words (Tensor): (B, n, D), any floating type; computed in float32.
        patches (Tensor): (B, m, D).
        word_mask (Tensor): True where a word counts, (B, n).
        patch_mask (Tensor): True where a patch counts, (B, m).

    Returns:
        Tensor: (B,), float32 (float64 for float64 input); 0 where no word
        counts.
    """
    if words.element_size() < 4:
        words, patches = words.float(), patches.float()
    counts = word_mask[:, :, None] & patch_mask[:, None]
    # The steps multiply their rounding errors.
    with torch.autocast(words.device.type, enabled=False):
        words, patches = (
            F.normalize(vectors, dim=-1, eps=1e-5)
            for vectors in (words, patches))
        cost = 1 - words @ patches.transpose(1, 2)  # (B, n, m)
        cost = cost.masked_fill(~counts, 0)
        with torch.no_grad():
            plan = transport_plan(cost.detach(), word_mask, patch_mask)
        return (plan * cost).sum(dim=(1, 2))


def transport_plan(cost: Tensor, row_mask: Tensor,
                   column_mask: Tensor) -> Tensor:
    """Approximate the cheapest plan between two uniform distributions.

    Args:
        cost (Tensor): (B, n, m).
        row_mask (Tensor): True where a row has mass, (B, n).
        column_mask (Tensor): True where a column has mass, (B, m).

    Returns:
        Tensor: Mass moved from row to column, (B, n, m).
    """
    rows, columns = (_uniform(mask, cost) for mask in (row_mask, column_mask))
    kernel = (-cost / BETA).exp() * (rows * columns.transpose(1, 2) > 0)
    plan = (kernel > 0).to(cost.dtype)
    row_scale = rows
    for _ in range(STEPS):
        step = kernel * plan
        column_scale = _divide(columns, step.transpose(1, 2) @ row_scale)
        row_scale = _divide(rows, step @ column_scale)
        plan = row_scale * step * column_scale.transpose(1, 2)
    return plan


def _uniform(mask: Tensor, like: Tensor) -> Tensor:
    mass = mask.to(like.dtype)[..., None]
    return mass / mass.sum(dim=1, keepdim=True).clamp(min=1)


def _divide(mass: Tensor, total: Tensor) -> Tensor:
    # What has no mass gets none.
    return mass / total.masked_fill(total == 0, 1)


def inner_masks(text_mask: Tensor, num_visual: int) -> Tuple[Tensor, Tensor]:
    """Mark the words and patches that are neither special nor padding.

    Args:
        text_mask (Tensor): 1 = token, 0 = padding, (B, L).
        num_visual (int): N, [CLS] and patches.

    Returns:
        tuple[Tensor, Tensor]: Without [CLS] and the last token ([SEP]),
        (B, L), and without [CLS], (B, N); bool.
    """
    text_mask = text_mask.bool()
    position = torch.arange(text_mask.shape[1], device=text_mask.device)
    last = text_mask.sum(dim=1, keepdim=True) - 1
    words = text_mask & (position > 0) & (position < last)
    patches = text_mask.new_ones(len(text_mask), num_visual)
    patches[:, 0] = False
    return words, patches
