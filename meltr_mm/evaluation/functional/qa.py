"""Accuracy of question answering, as plain arithmetic.

Scale: percent. Averaging unit: the question. A label of -1 means that the
right answer is outside the vocabulary: no prediction can be right.
"""
from typing import Dict, List, Sequence

import numpy as np


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
