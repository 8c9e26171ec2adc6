"""Recall and rank of text-to-video retrieval."""
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
from mmaction.registry import METRICS

from ..functional import both_directions, query_ranks, rank_metrics
from ..functional.retrieval import check_ties
from .whole_dataset_metric import WholeDatasetMetric


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
            :func:`meltr_mm.evaluation.functional.query_ranks`.
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
