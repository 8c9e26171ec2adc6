"""Cross entropy over the labelled rows of a batch."""
import torch.nn.functional as F
from torch import Tensor

IGNORED = -1


def labelled_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of the rows that have a label.

    Equals ``F.cross_entropy(..., ignore_index=-1)`` wherever that is finite.
    Where no row has a label it is 0 with a graph, not NaN: a batch that
    lacks a task must neither stop the run nor change the set of parameters
    that get a gradient.

    Args:
        logits (Tensor): Scores, (..., K), any floating type; computed in
            float32.
        labels (Tensor): int64 in 0..K-1, or -1 for "no label", (...).

    Returns:
        Tensor: Scalar, float32 (float64 for float64 logits).
    """
    logits = logits.flatten(0, -2)
    labels = labels.flatten()
    if logits.element_size() < 4:
        logits = logits.float()
    total = F.cross_entropy(
        logits, labels, ignore_index=IGNORED, reduction='sum')
    return total / (labels != IGNORED).sum().clamp(min=1)
