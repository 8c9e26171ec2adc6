"""Accuracy of question answering: the arithmetic, and the metric.

Scale: percent. Averaging unit: the question. A label of -1 means that the
right answer is outside the vocabulary: no prediction can be right.
"""
from typing import Dict, List, Optional, Sequence

import numpy as np
from mmaction.registry import METRICS

from .whole_dataset_metric import WholeDatasetMetric


def accuracy(predictions: Sequence[int], labels: Sequence[int]) -> float:
    """Share of all questions that were answered rightly.

    Args:
        predictions (Sequence[int]): Predicted answer per question (N,).
        labels (Sequence[int]): Right answer per question (N,), -1 = unknown,
            which counts as wrong whatever was predicted.

    Returns:
        float: Percent of all N questions.

    Raises:
        ValueError: If there is no question, or if the lengths differ.
    """
    predictions, labels = _arrays(predictions, labels)
    return 100. * float(np.mean((predictions == labels) & (labels >= 0)))


def accuracy_known(predictions: Sequence[int],
                   labels: Sequence[int]) -> float:
    """Share of the questions with a known answer that were answered rightly.

    Args:
        predictions (Sequence[int]): See :func:`accuracy`.
        labels (Sequence[int]): See :func:`accuracy`.

    Returns:
        float: Percent of the questions whose label is not -1; 0 if there is
        none.
    """
    predictions, labels = _arrays(predictions, labels)
    known = labels >= 0
    return accuracy(predictions[known], labels[known]) if known.any() else 0.


def ceiling(labels: Sequence[int]) -> float:
    """Accuracy that no model with this vocabulary can exceed.

    Args:
        labels (Sequence[int]): See :func:`accuracy`.

    Returns:
        float: Percent of the questions whose label is not -1.

    Raises:
        ValueError: If there is no question.
    """
    _, labels = _arrays(labels, labels)
    return 100. * float(np.mean(labels >= 0))


def accuracy_by_group(predictions: Sequence[int], labels: Sequence[int],
                      groups: Sequence[str]) -> Dict[str, float]:
    """:func:`accuracy` within each group of questions.

    Args:
        predictions (Sequence[int]): See :func:`accuracy`.
        labels (Sequence[int]): See :func:`accuracy`.
        groups (Sequence[str]): Name of the group of each question (N,).

    Returns:
        dict[str, float]: Percent for each group, names sorted.
    """
    rows: Dict[str, List[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    return {
        group: accuracy(predictions[rows[group]], labels[rows[group]])
        for group in sorted(rows)
    }


def majority(labels: Sequence[int]) -> float:
    """Accuracy of always giving the most frequent right answer.

    Args:
        labels (Sequence[int]): See :func:`accuracy`.

    Returns:
        float: Percent of all questions; 0 if every answer is unknown.

    Raises:
        ValueError: If there is no question.
    """
    _, labels = _arrays(labels, labels)
    known = labels[labels >= 0]
    return 100. * int(np.bincount(known).max(initial=0)) / labels.size


def _arrays(predictions: Sequence[int], labels: Sequence[int]) -> tuple:
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    if labels.size == 0:
        raise ValueError('There must be at least one question to evaluate.')
    if predictions.shape != labels.shape:
        raise ValueError(
            'There must be one prediction per label, but there are '
            f'{predictions.size} predictions and {labels.size} labels.')
    return predictions, labels


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
