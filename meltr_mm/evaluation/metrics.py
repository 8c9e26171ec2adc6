"""Metrics of a whole data set; importing this file registers them.

Each reads what it needs of a sample and leaves the arithmetic to
:mod:`meltr_mm.evaluation.functional`.
"""
from abc import abstractmethod
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from .functional import (
    accuracy,
    accuracy_by_group,
    accuracy_known,
    both_directions,
    caption_metrics,
    ceiling,
    majority,
    query_ranks,
    rank_metrics,
    sentiment_metrics,
)
from .functional.captioning import check_caption_settings
from .functional.retrieval import check_ties


class WholeDatasetMetric(BaseMetric):
    """A metric of the whole data set: a part of it is an error.

    Subclasses say in ``items`` what a sample is called, note one in
    :meth:`read` with the help of :meth:`need`, and call
    :meth:`check_complete` before they compute.

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.
    """

    items = 'samples'
    size = 0

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Note what the metric needs of each sample of a batch."""
        self.results += [self.read(sample) for sample in data_samples]

    @abstractmethod
    def read(self, sample: dict) -> Any:
        """Read an entry of what :meth:`compute_metrics` is given.

        Args:
            sample (dict): Prediction of the model.

        Raises:
            ValueError: If a field is absent.
        """

    def evaluate(self, size: int) -> dict:
        """Compute the metrics over the ``size`` samples of all ranks."""
        self.size = size
        return super().evaluate(size)

    def need(self, sample: dict, keys: Sequence[str], remedy: str) -> None:
        """Check that a sample has what the metric reads.

        Args:
            sample (dict): The sample.
            keys (Sequence[str]): Its fields that are read.
            remedy (str): Who sets them.

        Raises:
            ValueError: If one is absent.
        """
        for key in keys:
            if key not in sample:
                raise ValueError(
                    f'{type(self).__name__} needs {key!r} in each sample, '
                    f'but this one has {sorted(sample)}. {remedy}')

    def check_complete(self, results: Sequence[Any]) -> None:
        """Check that each item of the data set has a result.

        Args:
            results (Sequence): One entry per item.

        Raises:
            ValueError: If there are too few.
        """
        if len(results) < self.size:
            raise ValueError(
                f'All {self.size} {self.items} of the dataset must be '
                f'evaluated, but there are results of {len(results)}. Set '
                '`drop_last=False` in the data loader and use '
                "`sampler=dict(type='DefaultSampler', shuffle=False)`.")


@METRICS.register_module()
class OpenEndedQAMetric(WholeDatasetMetric):
    """Accuracy in percent over every question, across all ranks.

    Where answers come from a vocabulary, papers count in two ways, and both
    are reported: ``accuracy`` is over all questions, where one whose answer
    is outside the vocabulary (label -1) is wrong whatever is predicted;
    ``accuracy_known`` leaves such questions out, which is higher; and
    ``ceiling`` is the share of questions with a known answer, which
    ``accuracy`` cannot exceed (accuracy = accuracy_known x ceiling / 100).
    VIOLET's and MELTR's numbers on MSVD-QA (51.7) are over the 11,983 of the
    13,157 test questions whose answers are known; so is All-in-one's
    accuracy.

    The result also has ``accuracy_<type>``, over all questions of each type
    (the sample's ``question_type``, else the first word of its ``question``),
    and two baselines beside which to read them: ``chance`` (one answer of the
    vocabulary at random; only where the size of the vocabulary is known) and
    ``majority`` (always the most frequent answer of these questions).

    The questions that a distributed sampler repeats to give each rank equally
    many are counted once. An evaluation that did not see every question of
    the dataset is an error, not a number.

    Reads ``pred_label`` and ``gt_label`` (one integer each) of the samples,
    and ``question_id``, ``video_id``, ``question``, ``question_type`` where
    they have them.

    Args:
        num_answers (int, optional): Size of the vocabulary. Defaults to
            None: the length of the dataset's ``metainfo['vocab']``.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names. Defaults to ``'qa'``.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ValueError: If a sample has no ``pred_label`` or ``gt_label``.
        ValueError: If questions of the dataset were not evaluated.
    """

    default_prefix = 'qa'
    items = 'questions'

    def __init__(self,
                 num_answers: Optional[int] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 collect_dir: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        self.num_answers = num_answers

    def read(self, sample: dict) -> dict:
        """Take prediction, label, identity and type of a question."""
        self.need(
            sample, ('pred_label', 'gt_label'),
            '`pred_label` is set by the model in predict mode, `gt_label` by '
            'the dataset.')
        question = sample.get('question', '')
        return dict(
            key=_identity(sample),
            prediction=int(sample['pred_label']),
            label=int(sample['gt_label']),
            type=sample.get('question_type')
            or question.lower().partition(' ')[0])

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Compute the metrics.

        Args:
            results (list[dict]): What :meth:`read` took, of all ranks.

        Returns:
            dict[str, float]: Percent, see the class.
        """
        results = _without_repetitions(results)
        self.check_complete(results)
        predictions = [result['prediction'] for result in results]
        labels = [result['label'] for result in results]
        types = [result['type'] for result in results]
        metrics = dict(accuracy=accuracy(predictions, labels))
        vocab = (self.dataset_meta or {}).get('vocab', ())
        if vocab or -1 in labels:
            metrics['accuracy_known'] = accuracy_known(predictions, labels)
            metrics['ceiling'] = ceiling(labels)
        by_type = accuracy_by_group(predictions, labels, types)
        for name, value in by_type.items():
            if name:
                metrics[f'accuracy_{name}'] = value
        num_answers = self.num_answers or len(vocab)
        if num_answers:
            metrics['chance'] = 100. / num_answers
        metrics['majority'] = majority(labels)
        return metrics


def _identity(sample: dict) -> Optional[tuple]:
    # Ids start anew in each file, so the texts tell two data sets apart.
    if 'question_id' not in sample:
        return None
    return (sample['question_id'], sample.get('video_id'),
            sample.get('question'))


def _without_repetitions(results: List[dict]) -> List[dict]:
    seen, kept = set(), []
    for result in results:
        if result['key'] is None or result['key'] not in seen:
            seen.add(result['key'])
            kept.append(result)
    return kept


@METRICS.register_module()
class CaptionMetric(WholeDatasetMetric):
    """BLEU-1 to BLEU-4, METEOR, ROUGE-L and CIDEr, all times 100.

    See :func:`meltr_mm.evaluation.functional.caption_metrics`. Reads
    ``pred_caption`` (str) and ``references`` (list[str]) of the samples. Needs
    the package pycocoevalcap, and a Java runtime for METEOR.

    Args:
        tokenizer (str): ``'plain'`` or ``'ptb'``; which of them belongs
            beside every number that is reported. Defaults to ``'plain'``.
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names. Defaults to
            ``'caption'``.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ImportError: If pycocoevalcap is not installed.
        ValueError: If the tokenizer is unknown, a sample lacks a field, or
            captions of the data set were not evaluated.
    """

    default_prefix = 'caption'
    items = 'captions'

    def __init__(self,
                 tokenizer: str = 'plain',
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 collect_dir: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        # Now, rather than after an epoch of training.
        check_caption_settings(tokenizer)
        self.tokenizer = tokenizer

    def read(self, sample: dict) -> tuple:
        """Take a caption and its references."""
        self.need(
            sample, ('pred_caption', 'references'),
            '`pred_caption` is set by a captioning model with a tokenizer, '
            '`references` by the dataset.')
        return sample['pred_caption'], list(sample['references'])

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Compute the metrics.

        Args:
            results (list[tuple]): Pairs of caption and references.

        Returns:
            dict[str, float]: See the class.
        """
        self.check_complete(results)
        predictions, references = zip(*results)
        return caption_metrics(predictions, references, self.tokenizer)


@METRICS.register_module()
class SentimentMetric(WholeDatasetMetric):
    """MAE, correlation, Acc-7, Acc-2 and weighted F1, across all ranks.

    See :func:`meltr_mm.evaluation.functional.sentiment_metrics` for names,
    scales and the two conventions of "positive". Reads ``pred_sentiment`` and
    ``sentiment`` (one number each) of the samples.

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names. Defaults to
            ``'sentiment'``.
        collect_dir (str, optional): See
            :class:`mmengine.evaluator.BaseMetric`.

    Raises:
        ValueError: If a sample lacks a field, a number is not finite, or
            utterances of the data set were not evaluated.
    """

    default_prefix = 'sentiment'
    items = 'utterances'

    def read(self, sample: dict) -> tuple:
        """Take a prediction and its label."""
        self.need(
            sample, ('pred_sentiment', 'sentiment'),
            '`pred_sentiment` is set by the model in predict mode, '
            '`sentiment` by the dataset.')
        return float(sample['pred_sentiment']), float(sample['sentiment'])

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Compute the metrics.

        Args:
            results (list[tuple]): Pairs of prediction and label.

        Returns:
            dict[str, float]: See the class.
        """
        self.check_complete(results)
        predictions, labels = zip(*results)
        return sentiment_metrics(predictions, labels)


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
