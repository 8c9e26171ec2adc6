"""Ranking all texts and videos of a data set, on one or more processes.

Shapes: n samples of this process, Q texts and G videos of the data set.
"""
from typing import Any, Callable, Dict, Hashable, List, Sequence, Tuple

import torch
from mmaction.structures import ActionDataSample
from mmengine.dist import (
    all_gather,
    all_gather_object,
    get_dist_info,
    is_main_process,
)
from torch import Tensor
from tqdm import tqdm

Features = Dict[str, Tensor]
Predictions = List[ActionDataSample]

# Texts are scored by so many that this is about the number of pairs.
_PAIRS = 4096


class Gallery:
    """The encoded texts and videos of a data set, each counted once.

    A sample is one text of one video: its text is told by ``sample_idx``, its
    video by ``video_index``, or ``video_id`` where there is none. Samplers
    repeat samples to give all processes as many, and a video comes with each
    of its texts; the first of equal ones counts. Texts stay on the process
    that encoded them, videos go to all. Texts are in the order of the data
    set, videos in that of their first texts.

    Args:
        features (dict[str, Tensor]): Of the samples of this process, (n,
            ...), under names that begin with ``text`` or ``video``.
        data_samples (Sequence[ActionDataSample]): Those n samples.
        num_videos (int): G.
        num_texts (int): Q.

    Raises:
        ValueError: If a feature has another name, a sample does not tell
            what it is, or the samples of all processes are not Q texts of G
            videos.
    """

    def __init__(self, features: Features,
                 data_samples: Sequence[ActionDataSample], num_videos: int,
                 num_texts: int) -> None:
        unknown = [name for name in features
                   if not name.startswith(('text', 'video'))]
        if unknown:
            raise ValueError('the names of features must begin with text or '
                             f'video, but there are {unknown}')
        parts = all_gather_object([_identity(s) for s in data_samples])
        # Text -> its video and where it was encoded; video -> likewise.
        found: Dict[int, Tuple[Hashable, Tuple[int, int]]] = {}
        for process, identities in enumerate(parts):
            for row, (text, video) in enumerate(identities):
                found.setdefault(text, (video, (process, row)))
        texts = [found[text] for text in sorted(found)]
        videos: Dict[Hashable, Tuple[int, int]] = {}
        for video, place in texts:
            videos.setdefault(video, place)
        if (len(videos), len(texts)) != (num_videos, num_texts):
            raise ValueError(
                f'all {num_texts} texts and {num_videos} videos of the data '
                f'set must be encoded, but there are {len(texts)} and '
                f'{len(videos)}; set `drop_last=False` and '
                f"`sampler=dict(type='DefaultSampler', shuffle=False)`")
        number = {video: i for i, video in enumerate(videos)}
        self.video_of_text = [number[video] for video, _ in texts]
        self._texts = _Shares([place for _, place in texts])
        self._own_texts = {
            name: value[self._texts.own_rows]
            for name, value in features.items() if name.startswith('text')
        }
        shares = _Shares(list(videos.values()))
        self._videos = {
            name: shares.gather(value[shares.own_rows])
            for name, value in features.items() if name.startswith('video')
        }

    def scores(self,
               score: Callable[..., Tensor],
               *of_texts: Tensor,
               label: str = 'texts') -> Tensor:
        """Score every video for every text.

        Each process scores its own texts; the main one shows how many of
        them are done.

        Args:
            score (callable): (texts, videos, ...) -> (q, G), with features
                of some of the texts and of all videos.
            *of_texts (Tensor): What else it takes, a row for each text, (Q,
                ...).
            label (str): Name of the progress bar. Defaults to 'texts'.

        Returns:
            Tensor: (Q, G), float32, the same on every process.
        """
        device = next(iter(self._videos.values())).device
        count = len(next(iter(self._videos.values())))
        own = torch.tensor(self._texts.own_items, dtype=torch.int64,
                           device=device)
        parts = [torch.zeros(0, count, device=device)]
        with tqdm(total=len(own), desc=label, unit='text',
                  disable=not is_main_process()) as progress:
            step = max(1, _PAIRS // count)
            for first in range(0, len(own), step):
                rows = slice(first, first + step)
                texts = {name: value[rows]
                         for name, value in self._own_texts.items()}
                parts.append(
                    score(texts, self._videos,
                          *(value[own[rows]] for value in of_texts)).float())
                progress.update(len(own[rows]))
        return self._texts.gather(torch.cat(parts))

    def predictions(self, by_text: Tensor,
                    by_video: Tensor) -> Tuple[Predictions, Predictions]:
        """Make the samples that metrics read.

        Args:
            by_text (Tensor): Scores of the videos for each text, (Q, G).
            by_video (Tensor): Scores of the texts for each video, (G, Q).

        Returns:
            tuple[list, list]: One sample per video, and one per text, with
            ``pred_score`` and ``gt_label``, the indices of all right items.
            Process r of R has the queries r, r + R, ...; all have as many,
            for which the first ones are repeated at the end.
        """
        own = torch.tensor(self.video_of_text, device=by_text.device)
        right = own[:, None] == torch.arange(
            by_text.shape[1], device=by_text.device)
        return _predictions(by_video, right.T), _predictions(by_text, right)


class _Shares:
    """Which process has which of N items, in which of its rows."""

    def __init__(self, places: List[Tuple[int, int]]) -> None:
        rank, world_size = get_dist_info()
        self.items: List[List[int]] = [[] for _ in range(world_size)]
        for item, (process, _) in enumerate(places):
            self.items[process].append(item)
        self.own_items = self.items[rank]
        self.own_rows = [row for process, row in places if process == rank]

    def gather(self, own: Tensor) -> Tensor:
        """Give all processes all items, (own, ...) -> (N, ...)."""
        if len(self.items) == 1:
            return own
        most = max(map(len, self.items))
        padded = own.new_zeros(most, *own.shape[1:])
        padded[:len(own)] = own
        whole = own.new_empty(sum(map(len, self.items)), *own.shape[1:])
        for items, part in zip(self.items, all_gather(padded)):
            whole[items] = part[:len(items)]
        return whole


def _identity(sample: ActionDataSample) -> Tuple[int, Hashable]:
    names = [
        next((name for name in names if name in sample), None)
        for names in (('sample_idx', ), ('video_index', 'video_id'))
    ]
    if None in names:
        raise ValueError(
            'each data sample must have `sample_idx`, and `video_index` or '
            "`video_id`, to tell its text and its video from others', but one "
            f'has {sorted(sample.all_keys())}; add them to `meta_keys` of '
            'PackActionInputs')
    text, video = (sample.get(name) for name in names)
    return text, video


def _predictions(scores: Tensor, right: Tensor) -> Predictions:
    rank, world_size = get_dist_info()
    share = -(-len(scores) // world_size)
    queries: List[Any] = [(rank + world_size * i) % len(scores)
                          for i in range(share)]
    return [
        ActionDataSample().set_pred_score(scores[query]).set_gt_label(
            right[query].nonzero().flatten()) for query in queries
    ]
