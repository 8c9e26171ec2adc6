"""Text-to-video retrieval, as plain arithmetic on scores.

Scale: percent for recalls, ranks counted from 1. Averaging unit: the query.
On scores without ties all tie rules agree. Shapes: Q queries, G gallery
items.
"""
from typing import Dict, List, Optional, Sequence, Union

import numpy as np

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
