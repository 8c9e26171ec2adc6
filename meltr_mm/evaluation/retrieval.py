"""Text-to-video retrieval: the arithmetic on scores, and the metric.

Scale: percent for recalls, ranks counted from 1. Averaging unit: the query.
On scores without ties all tie rules agree. Shapes: Q queries, G gallery
items.
"""
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
from mmaction.registry import METRICS

from .whole_dataset_metric import WholeDatasetMetric

TIES = ('mean', 'optimistic', 'pessimistic', 'official')

# Per query the index of its right gallery item, or several of them.
Truth = Sequence[Union[int, Sequence[int]]]


def retrieval_metrics(scores: np.ndarray,
                      truth: Optional[Truth] = None,
                      recall_at: Sequence[int] = (1, 5, 10),
                      ties: str = 'mean') -> Dict[str, float]:
    """Recalls and ranks of one direction.

    Args:
        scores (np.ndarray): Higher is better, (Q, G).
        truth (Sequence, optional): See :func:`query_ranks`.
        recall_at (Sequence[int]): The K of R@K. Defaults to (1, 5, 10).
        ties (str): See :func:`query_ranks`. Defaults to 'mean'.

    Returns:
        dict[str, float]: ``R@K``, percent of queries with a rank of at most
        K; ``MedR`` and ``MeanR``, median and mean rank.

    Raises:
        ValueError: See :func:`query_ranks`; also if there is no query.
    """
    return rank_metrics(query_ranks(scores, truth, ties), recall_at)


def both_directions(scores: np.ndarray,
                    videos_of_text: Optional[Truth] = None,
                    recall_at: Sequence[int] = (1, 5, 10),
                    ties: str = 'mean') -> Dict[str, float]:
    """:func:`retrieval_metrics` of texts for videos, and the other way.

    A video that belongs to no text takes no part as a query.

    Args:
        scores (np.ndarray): Rows are texts, columns videos, (Q, G).
        videos_of_text (Sequence, optional): Right videos of each text; see
            :func:`query_ranks`.
        recall_at (Sequence[int]): The K of R@K. Defaults to (1, 5, 10).
        ties (str): See :func:`query_ranks`. Defaults to 'mean'.

    Returns:
        dict[str, float]: ``t2v/R@1`` and so on (text to video), then
        ``v2t/R@1`` and so on.

    Raises:
        ValueError: See :func:`query_ranks`.
    """
    scores = np.asarray(scores)
    forth = retrieval_metrics(scores, videos_of_text, recall_at, ties)
    rows = _rows_of_truth(videos_of_text, scores.shape)
    texts_of_video: List[List[int]] = [[] for _ in range(scores.shape[1])]
    for text, videos in enumerate(rows):
        for video in videos:
            texts_of_video[video].append(text)
    asked = [video for video, texts in enumerate(texts_of_video) if texts]
    back = retrieval_metrics(scores.T[asked],
                             [texts_of_video[video] for video in asked],
                             recall_at, ties)
    return {
        **{f't2v/{name}': value for name, value in forth.items()},
        **{f'v2t/{name}': value for name, value in back.items()}
    }


def query_ranks(scores: np.ndarray,
                truth: Optional[Truth] = None,
                ties: str = 'mean') -> np.ndarray:
    """Rank of each query's right item: 1 + wrong items that beat it.

    Where several items are right, the best of them counts.

    Args:
        scores (np.ndarray): Higher is better, (Q, G), any real dtype.
        truth (Sequence, optional): Index of the right item of each query, or
            a sequence of indices. Defaults to None: item i for query i.
        ties (str): What the t wrong items with exactly the score of the best
            right one do to its rank:

            - ``'mean'``: the expected rank under random order, t / 2 more
              (t / (r + 1) where r right items share that score);
            - ``'optimistic'``: nothing, so that a constant score is perfect;
            - ``'pessimistic'``: t more;
            - ``'official'``: the query counts t + 1 times, once with each
              rank that it may have, as UniVL's and CLIP4Clip's scripts do;
              for one right item per query.

            Defaults to 'mean'.

    Returns:
        np.ndarray: Ranks from 1, float64, (Q,); more for ``'official'``.

    Raises:
        ValueError: If the rule is unknown, the scores are no matrix or not
            all numbers, or the truth does not fit them.
    """
    check_ties(ties)
    scores = np.asarray(scores)
    _check_scores(scores)
    right = np.zeros(scores.shape, dtype=bool)
    for query, items in enumerate(_rows_of_truth(truth, scores.shape)):
        right[query, items] = True
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    beaten_by = (~right & (scores > best)).sum(axis=1)
    tied = (~right & (scores == best)).sum(axis=1)
    if ties == 'official':
        if (right.sum(axis=1) > 1).any():
            raise ValueError(
                "ties='official' knows one right item per query, but query "
                f'{int((right.sum(axis=1) > 1).argmax())} has several; use '
                "ties='mean'")
        return np.concatenate([
            np.arange(first, first + extra + 1, dtype=np.float64)
            for first, extra in zip(1 + beaten_by, tied)
        ])
    share = dict(
        mean=1 / (1 + (right & (scores == best)).sum(axis=1)),
        optimistic=0,
        pessimistic=1)[ties]
    return 1. + beaten_by + tied * share


def check_ties(ties: str) -> None:
    """Check that there is such a rule.

    Args:
        ties (str): See :func:`query_ranks`.

    Raises:
        ValueError: Saying which rules there are.
    """
    if ties not in TIES:
        raise ValueError(f'ties must be one of {TIES}, but got {ties!r}')


def rank_metrics(ranks: np.ndarray,
                 recall_at: Sequence[int] = (1, 5, 10)) -> Dict[str, float]:
    """Summarise ranks.

    Args:
        ranks (np.ndarray): Ranks from 1, (Q,).
        recall_at (Sequence[int]): The K of R@K. Defaults to (1, 5, 10).

    Returns:
        dict[str, float]: See :func:`retrieval_metrics`.

    Raises:
        ValueError: If there is no query.
    """
    ranks = np.asarray(ranks)
    _check_queries(ranks)
    metrics = {
        f'R@{k}': 100. * float(np.mean(ranks <= k))
        for k in recall_at
    }
    return dict(
        metrics, MedR=float(np.median(ranks)), MeanR=float(np.mean(ranks)))


def _check_scores(scores: np.ndarray) -> None:
    if scores.ndim != 2:
        raise ValueError('scores must be a matrix (queries, gallery), but '
                         f'have the shape {scores.shape}')
    _check_queries(scores)
    rows = np.flatnonzero(np.isnan(scores).any(axis=1))
    if rows.size:
        raise ValueError(
            f'scores must be numbers, but {rows.size} of {len(scores)} '
            f'queries have a NaN, the first is query {rows[0]}; look for the '
            f'text or video that makes the model fail')


def _check_queries(queries: np.ndarray) -> None:
    if len(queries) == 0:
        raise ValueError('There must be at least one query to evaluate.')


def _rows_of_truth(truth: Optional[Truth], shape) -> List[np.ndarray]:
    queries, gallery = shape
    if truth is None:
        if queries != gallery:
            raise ValueError(
                'without a truth there must be one gallery item per query, '
                f'but there are {queries} queries and {gallery} items; say '
                'which items are right')
        truth = range(queries)
    if len(truth) != queries:
        raise ValueError(
            f'truth must have an entry per query, but there are {queries} '
            f'queries and {len(truth)} entries')
    rows = [np.atleast_1d(np.asarray(items, dtype=int)) for items in truth]
    for query, items in enumerate(rows):
        if not items.size or items.min() < 0 or items.max() >= gallery:
            raise ValueError(
                'each query must have right items with an index from 0 to '
                f'{gallery - 1}, but those of query {query} are '
                f'{items.tolist()}')
    return rows


@METRICS.register_module()
class TextVideoRetrievalMetric(WholeDatasetMetric):
    """R@K in percent, median and mean rank (from 1), across all ranks.

    Two kinds of samples are understood:

    - One per query, with its scores against the whole gallery,
      ``pred_score`` (G,), and the index or indices of its right items,
      ``gt_label``. That is what MMAction2's ``RetrievalValLoop`` passes, once
      for each direction; it prefixes the names with ``i2t/`` (video to text)
      and ``t2i/`` (text to video).
    - One for the whole data set, with ``score_matrix`` (texts, videos) and,
      unless text i belongs to video i, ``videos_of_text``: the index or
      indices of each text's videos. The result has both directions, as
      ``t2v/...`` and ``v2t/...``.

    Args:
        recall_at (Sequence[int]): The K of R@K. Defaults to (1, 5, 10).
        ties (str): What equal scores do to a rank: ``'mean'`` (default),
            ``'optimistic'``, ``'pessimistic'`` or ``'official'``; see
            :func:`meltr_mm.evaluation.query_ranks`.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names. Defaults to
            ``'retrieval'``.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ValueError: If the rule is unknown, a sample is of neither kind, a
            score is not a number, or queries of the data set were not
            evaluated.
    """

    default_prefix = 'retrieval'
    items = 'queries'

    def __init__(self,
                 recall_at: Sequence[int] = (1, 5, 10),
                 ties: str = 'mean',
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 collect_dir: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        # Now, rather than after an epoch of training.
        check_ties(ties)
        self.recall_at = tuple(recall_at)
        self.ties = ties

    def read(self, sample: dict) -> Union[Dict[str, float], np.ndarray]:
        """Rank the right items of a query, or of all queries of a matrix."""
        if 'score_matrix' in sample:
            return both_directions(
                _array(sample['score_matrix']), sample.get('videos_of_text'),
                self.recall_at, self.ties)
        self.need(
            sample, ('pred_score', 'gt_label'),
            "Use val_cfg=dict(type='RetrievalValLoop') with a model that has "
            'predict_all, or pass one sample with the score_matrix of all.')
        right = np.atleast_1d(_array(sample['gt_label']))
        # Only the rank is kept: Q rows of G scores would not fit.
        return query_ranks(
            _array(sample['pred_score'])[None], [right], self.ties)

    def evaluate(self, size: int) -> dict:
        """Collect the results of all ranks and compute the metrics.

        Args:
            size (int): Number of queries of the data set.

        Returns:
            dict: See the class.
        """
        is_matrix = any(isinstance(result, dict) for result in self.results)
        return super().evaluate(1 if is_matrix else size)

    def compute_metrics(self, results: List) -> Dict[str, float]:
        """Compute the metrics.

        Args:
            results (list): Ranks of each query, of all ranks; or what was
                computed from the one score matrix.

        Returns:
            dict[str, float]: See the class.
        """
        self.check_complete(results)
        if isinstance(results[0], dict):
            return results[0]
        return rank_metrics(np.concatenate(results), self.recall_at)


def _array(values: Any) -> np.ndarray:
    if hasattr(values, 'detach'):
        # numpy has no bfloat16; every other float is kept as it is.
        values = values.detach().cpu()
        if values.is_floating_point() and values.element_size() < 4:
            values = values.float()
    return np.asarray(values)
