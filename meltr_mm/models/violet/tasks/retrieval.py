"""Text-to-video retrieval: MSRVTT."""
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dist import all_gather, all_gather_object, get_dist_info
from torch import Tensor

from ..pair_scores import best_pairs, rank_below, score_pairs, shorten
from .task import VioletTask

if TYPE_CHECKING:
    from ..batch import VioletBatch
    from ..violet import Violet

Predictions = List[ActionDataSample]


@MODELS.register_module()
class VioletRetrieval(VioletTask):
    """Find the video that a text describes.

    The target is video-text matching itself, so the losses are the three
    that every task has, and the task has no parameters. It is evaluated over
    all pairs of the data set, with MMAction2's ``RetrievalValLoop`` and
    ``RetrievalTestLoop``. Shapes: Q texts, G videos.

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

    def outputs(self, model: 'Violet',
                batch: 'VioletBatch') -> Dict[str, Tensor]:
        """Encode videos and texts, apart from each other.

        Returns:
            dict[str, Tensor]: ``video`` (B, n, D), ``text`` (B, X, D) and
            ``text_mask`` (B, X); with ``top_k`` also ``short_video``.
        """
        return self.encode_videos(batch) | self.encode_texts(batch)

    def encode_videos(self, batch: 'VioletBatch') -> Dict[str, Tensor]:
        """Encode videos only: ``video`` (B, n, D), with ``top_k`` also
        ``short_video`` (B, 2 T, D)."""
        feats = dict(video=batch.video)
        if self.top_k is not None:
            feats['short_video'] = shorten(batch.video, batch.frames.shape[2])
        return feats

    def encode_texts(self, batch: 'VioletBatch') -> Dict[str, Tensor]:
        """Encode texts only: ``text`` (B, X, D), ``text_mask`` (B, X)."""
        return dict(text=batch.text, text_mask=batch.text_mask)

    def rank_videos(self, model: 'Violet', texts: Dict[str, Tensor],
                    videos: Dict[str, Tensor]) -> Tensor:
        """Score any videos for any texts; with ``top_k`` in two stages.

        Args:
            model (Violet): Fusion layers and matching head.
            texts (dict[str, Tensor]): :meth:`encode_texts` of Q texts:
                (Q, X, D) and (Q, X).
            videos (dict[str, Tensor]): :meth:`encode_videos` of G videos:
                (G, n, D).

        Returns:
            Tensor: Logits, (Q, G), float32. Those below the ``top_k`` best
            of a text are good for their order only.
        """
        text, mask, video = texts['text'], texts['text_mask'], videos['video']
        if self.top_k is None:
            return score_pairs(model, video, text, mask, block=self.block)
        cheap = score_pairs(model, videos['short_video'], text, mask,
                            block=self.block, label='pairs, first stage')
        best = cheap.topk(min(self.top_k, len(video)), dim=1).indices
        known = torch.zeros_like(cheap, dtype=torch.bool)
        known.scatter_(1, best, True)
        exact = score_pairs(model, video, text, mask, known, self.block,
                            label='pairs, second stage')
        return rank_below(exact, known, cheap)

    def predict(self, model: 'Violet', batch: 'VioletBatch') -> Predictions:
        """Refuse: a batch is not the gallery.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            'retrieval ranks all videos of a data set, not those of a batch; '
            "set val_cfg=dict(type='RetrievalValLoop') and "
            "test_cfg=dict(type='RetrievalTestLoop')")

    def predict_all(self, model: 'Violet', feats: Dict[str, Tensor],
                    data_samples: Sequence[ActionDataSample], num_videos: int,
                    num_texts: int) -> Tuple[Predictions, Predictions]:
        """Rank all videos for each text, and all texts for each video.

        Args:
            model (Violet): Fusion layers and matching head.
            feats (dict[str, Tensor]): What :meth:`outputs` gave for the
                samples of this process, one row per sample.
            data_samples (Sequence[ActionDataSample]): One per text, with
                ``video_id`` and ``sample_idx``.
            num_videos (int): G.
            num_texts (int): Q.

        Returns:
            tuple[list, list]: One sample per video, and one per text, for
            this process's share of them: ``pred_score``, (Q,) or (G,), and
            ``gt_label``, the indices of its right items.

        Raises:
            ValueError: If a sample lacks a field, or the samples of all
                processes are not Q texts of G videos.
        """
        feats = {
            name: torch.cat(all_gather(value))
            for name, value in feats.items()
        }
        text_rows, video_rows, video_of_text = _gallery(data_samples)
        if (len(video_rows), len(text_rows)) != (num_videos, num_texts):
            raise ValueError(
                f'all {num_texts} texts and {num_videos} videos of the data '
                f'set must be encoded, but there are {len(text_rows)} and '
                f'{len(video_rows)}; set `drop_last=False` and '
                f"`sampler=dict(type='DefaultSampler', shuffle=False)`")
        by_text, by_video = self._score(model, feats, text_rows, video_rows)
        right = torch.zeros_like(by_text, dtype=torch.bool)
        right[torch.arange(num_texts), video_of_text] = True
        return _predictions(by_video, right.T), _predictions(by_text, right)

    def _score(self, model: 'Violet', feats: Dict[str, Tensor],
               text_rows: List[int],
               video_rows: List[int]) -> Tuple[Tensor, Tensor]:
        text, mask = feats['text'][text_rows], feats['text_mask'][text_rows]
        video = feats['video'][video_rows]
        if self.top_k is None:
            scores = score_pairs(model, video, text, mask, block=self.block)
            return scores, scores.T
        cheap = score_pairs(
            model, feats['short_video'][video_rows], text, mask,
            block=self.block, label='pairs, first stage')
        known = best_pairs(cheap, self.top_k)
        exact = score_pairs(
            model, video, text, mask, known, self.block,
            label='pairs, second stage')
        return (rank_below(exact, known, cheap),
                rank_below(exact.T, known.T, cheap.T))


def _gallery(
    data_samples: Sequence[ActionDataSample]
) -> Tuple[List[int], List[int], List[int]]:
    """Find the rows of different texts and videos among all processes'."""
    for sample in data_samples:
        for key in ('sample_idx', 'video_id'):
            if key not in sample:
                raise ValueError(
                    f'each data sample must have {key!r} to find its video, '
                    f'but one has {sorted(sample.all_keys())}; add it to '
                    f'`meta_keys` of PackActionInputs')
    keys = [(sample.sample_idx, sample.video_id) for sample in data_samples]
    keys = [key for part in all_gather_object(keys) for key in part]
    # A distributed sampler repeats samples to make the parts equal.
    row_of_text = {index: row for row, (index, _) in enumerate(keys)}
    text_rows = [row_of_text[index] for index in sorted(row_of_text)]
    row_of_video: Dict[str, int] = {}
    for row in text_rows:
        row_of_video.setdefault(keys[row][1], row)
    number = {video: i for i, video in enumerate(row_of_video)}
    return (text_rows, list(row_of_video.values()),
            [number[keys[row][1]] for row in text_rows])


def _predictions(scores: Tensor, right: Tensor) -> Predictions:
    rank, world_size = get_dist_info()
    return [
        ActionDataSample().set_pred_score(scores[query]).set_gt_label(
            right[query].nonzero().flatten())
        for query in range(rank, len(scores), world_size)
    ]
