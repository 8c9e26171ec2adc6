"""Text-to-video retrieval with VIOLET, pair by pair: MSRVTT.

Shapes: Q texts, G videos, n video and X text positions, T frames, D hidden
size. Videos and texts are encoded once, before.
"""
from typing import Optional, Tuple

import torch
from mmengine.registry import MODELS
from torch import Tensor

from ..layers import Features, Gallery, RetrievalTask
from .tasks import VioletTask
from .violet import Violet, VioletBatch


@MODELS.register_module()
class VioletRetrieval(RetrievalTask, VioletTask):
    """Find the video that a text describes.

    The target is video-text matching itself, so the losses are the three
    that every task has, and the task has no parameters. It is evaluated over
    all pairs of the data set, with MMAction2's ``RetrievalValLoop`` and
    ``RetrievalTestLoop``.

    Args:
        hidden_size (int): D; given by the model, not used.
        top_k (int, optional): Two stages: every pair gets a cheap score
            first, from frames whose cells are averaged, and only the k best
            videos of each text and texts of each video are scored on the
            whole sequence; the others rank below them. Defaults to None:
            every pair on the whole sequence.
        block (int): Number of pairs that are scored at once. Defaults to
            256.

    Raises:
        ValueError: If ``top_k`` or ``block`` is not positive.
    """

    def __init__(self,
                 hidden_size: int,
                 top_k: Optional[int] = None,
                 block: int = 256) -> None:
        super().__init__()
        for name, value in (('top_k', top_k), ('block', block)):
            if value is not None and value < 1:
                raise ValueError(f'{name} must be at least 1, but is {value}')
        self.top_k = top_k
        self.block = block

    def encode_videos(self, model: Violet, batch: VioletBatch) -> Features:
        """Encode videos: ``video`` (B, n, D), with ``top_k`` also
        ``video_short`` (B, 2 T, D)."""
        features = dict(video=batch.video)
        if self.top_k is not None:
            features['video_short'] = shorten(batch.video,
                                              batch.frames.shape[2])
        return features

    def encode_texts(self, model: Violet, batch: VioletBatch) -> Features:
        """Encode texts: ``text`` (B, X, D), ``text_mask`` (B, X)."""
        return dict(text=batch.text, text_mask=batch.text_mask)

    def score(self, model: Violet, texts: Features,
              videos: Features) -> Tensor:
        """Score any videos for any texts, (Q, G).

        These are logits. With ``top_k`` those below the k best of a text are
        good for their order only.
        """
        if self.top_k is None:
            return score_pairs(model, texts, videos['video'], self.block)
        cheap = score_pairs(model, texts, videos['video_short'], self.block)
        best = cheap.topk(min(self.top_k, cheap.shape[1]), dim=1).indices
        known = torch.zeros_like(cheap, dtype=torch.bool)
        known.scatter_(1, best, True)
        exact = score_pairs(model, texts, videos['video'], self.block, known)
        return rank_below(exact, known, cheap)

    def rank(self, model: Violet, gallery: Gallery) -> Tuple[Tensor, Tensor]:
        """Score a whole data set: (Q, G) by text and (G, Q) by video."""
        if self.top_k is None:
            return super().rank(model, gallery)

        def cheaply(texts: Features, videos: Features) -> Tensor:
            return score_pairs(model, texts, videos['video_short'],
                               self.block)

        def exactly(texts: Features, videos: Features,
                    wanted: Tensor) -> Tensor:
            return score_pairs(model, texts, videos['video'], self.block,
                               wanted)

        cheap = gallery.scores(cheaply, label='texts, first stage')
        known = best_pairs(cheap, self.top_k)
        exact = gallery.scores(exactly, known, label='texts, second stage')
        return (rank_below(exact, known, cheap),
                rank_below(exact.T, known.T, cheap.T))


@torch.no_grad()
def score_pairs(model: Violet,
                texts: Features,
                video: Tensor,
                block: int = 256,
                wanted: Optional[Tensor] = None) -> Tensor:
    """Score texts against videos with the fusion layers, in blocks.

    Args:
        model (Violet): Its fusion layers and matching head.
        texts (dict[str, Tensor]): ``text`` (Q, X, D), ``text_mask`` (Q, X).
        video (Tensor): Video features, (G, n, D).
        block (int): Number of pairs per pass. Defaults to 256.
        wanted (Tensor, optional): Which pairs, (Q, G) bool. Defaults to
            None: all.

    Returns:
        Tensor: Logits without temperature, (Q, G), float32; 0 where a pair
        was not wanted.
    """
    text, text_mask = texts['text'], texts['text_mask']
    scores = video.new_zeros(len(text), len(video), dtype=torch.float32)
    if wanted is None:
        wanted = torch.ones_like(scores, dtype=torch.bool)
    for pairs in wanted.nonzero().split(block):
        rows, columns = pairs.unbind(1)
        values = model.match_rows(video[columns], text[rows], text_mask[rows])
        scores[rows, columns] = values.float()
    return scores


def shorten(video: Tensor, num_frames: int) -> Tensor:
    """Replace the cells of each frame by their mean.

    The fusion layers are some ten times faster on what is left, which serves
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
