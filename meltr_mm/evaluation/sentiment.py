"""Sentiment of utterances, rated from -3 to 3: arithmetic, and metric.

Scale: percent for accuracies and F1, the rating's own unit for the mean
absolute error, -1 to 1 for the correlation. Averaging unit: the utterance.

Two conventions of "positive" are in use, and reports seldom say which:
``has0`` separates negative ratings from the rest, over all utterances;
``non0`` leaves out the utterances whose true rating is 0.
"""
from typing import Dict, List, Sequence, Tuple

import numpy as np
from mmaction.registry import METRICS

from .whole_dataset_metric import WholeDatasetMetric


def sentiment_metrics(predictions: Sequence[float],
                      labels: Sequence[float]) -> Dict[str, float]:
    """All usual measures of CMU-MOSI.

    Args:
        predictions (Sequence[float]): Predicted ratings (N,).
        labels (Sequence[float]): True ratings (N,).

    Returns:
        dict[str, float]: ``MAE``, ``Corr``, ``Acc-7``; then for each of
        ``has0`` and ``non0`` the accuracy ``Acc-2_*``, the weighted
        ``F1_*``, and ``majority_*``, the accuracy of always giving the more
        frequent answer. Without any label other than 0 there is no
        ``non0``.

    Raises:
        ValueError: If there is no utterance, lengths differ, or a number is
            not finite.
    """
    predictions, labels = _checked(predictions, labels)
    metrics = dict(
        MAE=float(np.mean(np.abs(predictions - labels))),
        Corr=correlation(predictions, labels))
    metrics['Acc-7'] = accuracy_of_degrees(predictions, labels, 3)
    rated = labels != 0
    conventions = dict(
        has0=(predictions >= 0, labels >= 0),
        non0=(predictions[rated] > 0, labels[rated] > 0))
    for name, (predicted, true) in conventions.items():
        if true.size:
            metrics[f'Acc-2_{name}'] = 100. * float(
                np.mean(predicted == true))
            metrics[f'F1_{name}'] = weighted_f1(predicted, true)
            metrics[f'majority_{name}'] = 100. * max(
                float(true.mean()), 1 - float(true.mean()))
    return metrics


def correlation(predictions: Sequence[float],
                labels: Sequence[float]) -> float:
    """Pearson's correlation; 0 where predictions or labels are constant.

    Args:
        predictions (Sequence[float]): (N,).
        labels (Sequence[float]): (N,).

    Returns:
        float: From -1 to 1.

    Raises:
        ValueError: See :func:`sentiment_metrics`.
    """
    predictions, labels = _checked(predictions, labels)
    if np.ptp(predictions) == 0 or np.ptp(labels) == 0:
        return 0.
    return float(np.corrcoef(predictions, labels)[0, 1])


def accuracy_of_degrees(predictions: Sequence[float],
                        labels: Sequence[float], limit: int) -> float:
    """Share of ratings that round to the right degree.

    Both are cut to -limit..limit and rounded, halves to the even degree.

    Args:
        predictions (Sequence[float]): (N,).
        labels (Sequence[float]): (N,).
        limit (int): 3 gives Acc-7, 2 Acc-5, 1 Acc-3.

    Returns:
        float: Percent.

    Raises:
        ValueError: See :func:`sentiment_metrics`.
    """
    degrees = [np.round(np.clip(values, -limit, limit))
               for values in _checked(predictions, labels)]
    return 100. * float(np.mean(degrees[0] == degrees[1]))


def weighted_f1(predictions: Sequence[int], labels: Sequence[int]) -> float:
    """F1 of each class, weighted by its share of the labels.

    Equals scikit-learn's ``f1_score(labels, predictions,
    average='weighted')``: a class without true positives has F1 0.

    Args:
        predictions (Sequence[int]): Predicted classes (N,).
        labels (Sequence[int]): True classes (N,).

    Returns:
        float: Percent.

    Raises:
        ValueError: If there is nothing to evaluate, or lengths differ.
    """
    predictions, labels = _checked(predictions, labels)
    total = 0.
    for label in np.unique(labels):
        true, predicted = labels == label, predictions == label
        hits = np.sum(true & predicted)
        f1 = 2 * hits / (true.sum() + predicted.sum())
        total += f1 * true.mean()
    return 100. * float(total)


def _checked(predictions: Sequence[float],
             labels: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
    arrays = np.asarray(predictions), np.asarray(labels)
    if arrays[1].size == 0:
        raise ValueError('There must be at least one utterance to evaluate.')
    if arrays[0].shape != arrays[1].shape or arrays[0].ndim != 1:
        raise ValueError(
            'There must be one prediction per label, but their shapes are '
            f'{arrays[0].shape} and {arrays[1].shape}.')
    for name, values in zip(('prediction', 'label'), arrays):
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise ValueError(
                f'Every {name} must be a finite number, but that of '
                f'utterance {wrong[0]} is {values[wrong[0]]}, and '
                f'{wrong.size} are not in all.')
    return arrays


@METRICS.register_module()
class SentimentMetric(WholeDatasetMetric):
    """MAE, correlation, Acc-7, Acc-2 and weighted F1, across all ranks.

    See :func:`meltr_mm.evaluation.sentiment_metrics` for names,
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
