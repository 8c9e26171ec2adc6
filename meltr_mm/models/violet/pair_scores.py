"""Scoring texts against videos with the cross encoder, pair by pair.

Shapes: Q texts, G videos, n video and X text positions, T frames, D hidden
size. Features of videos and texts are computed once, before.
"""
from typing import TYPE_CHECKING, Optional

import torch
from mmengine.dist import all_reduce, get_dist_info, is_main_process
from torch import Tensor
from tqdm import tqdm

if TYPE_CHECKING:
    from .violet import Violet


@torch.no_grad()
def score_pairs(model: 'Violet',
                video: Tensor,
                text: Tensor,
                text_mask: Tensor,
                wanted: Optional[Tensor] = None,
                block: int = 256,
                label: str = 'pairs') -> Tensor:
    """Score pairs in blocks, shared out among the processes.

    A progress bar on the main process counts its pairs, which all take the
    same time.

    Args:
        model (Violet): Its fusion layers and matching head.
        video (Tensor): Video features, (G, n, D).
        text (Tensor): Embedded texts, (Q, X, D).
        text_mask (Tensor): 1 = word, 0 = padding, (Q, X).
        wanted (Tensor, optional): Which pairs, (Q, G) bool. Defaults to
            None: all.
        block (int): Number of pairs per pass. Defaults to 256.
        label (str): Name of the progress bar. Defaults to 'pairs'.

    Returns:
        Tensor: Logits without temperature, (Q, G), float32, the same on
        every process; 0 where a pair was not wanted.
    """
    scores = video.new_zeros(len(text), len(video), dtype=torch.float32)
    if wanted is None:
        wanted = torch.ones_like(scores, dtype=torch.bool)
    rank, world_size = get_dist_info()
    pairs = wanted.nonzero()[rank::world_size]
    with tqdm(
            total=len(pairs),
            desc=label,
            unit='pair',
            disable=not is_main_process()) as progress:
        for rows, columns in (part.unbind(1) for part in pairs.split(block)):
            values = model.match_rows(video[columns], text[rows],
                                      text_mask[rows])
            scores[rows, columns] = values.float()
            progress.update(len(rows))
    all_reduce(scores)
    return scores


def shorten(video: Tensor, num_frames: int) -> Tensor:
    """Replace the cells of each frame by their mean.

    The cross encoder is some ten times faster on what is left, which serves
    to find the pairs that are worth the whole sequence.

    Args:
        video (Tensor): Video features, (G, n, D).
        num_frames (int): T.

    Returns:
        Tensor: For each frame its [CLS] and its mean cell, (G, 2 T, D).
    """
    frames = video.unflatten(1, (num_frames, -1))  # (G, T, 1 + h*w, D)
    cells = frames[:, :, 1:].mean(dim=2, keepdim=True)
    return torch.cat([frames[:, :, :1], cells], dim=2).flatten(1, 2)


def best_pairs(scores: Tensor, k: int) -> Tensor:
    """Choose the pairs among the k best of their row or of their column.

    Args:
        scores (Tensor): (Q, G).
        k (int): At least 1; all pairs are chosen if it exceeds both sizes.

    Returns:
        Tensor: (Q, G), bool.
    """
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    for dim in (0, 1):
        best = scores.topk(min(k, scores.shape[dim]), dim=dim).indices
        chosen.scatter_(dim, best, True)
    return chosen


def rank_below(exact: Tensor, known: Tensor, cheap: Tensor) -> Tensor:
    """Complete each row with cheap scores, below all its exact ones.

    Args:
        exact (Tensor): Scores of the known pairs, (Q, G).
        known (Tensor): Which those are, at least one per row, (Q, G) bool.
        cheap (Tensor): Scores of all pairs, which order the rest, (Q, G).

    Returns:
        Tensor: (Q, G); in each row every exact score is above the rest.
    """
    lowest = exact.masked_fill(~known, torch.inf).amin(dim=1, keepdim=True)
    highest = cheap.masked_fill(known, -torch.inf).amax(dim=1, keepdim=True)
    return torch.where(known, exact, cheap - highest + lowest - 1)
