"""What MELTR makes of its losses, evaluated where a run has been.

Shapes: T tasks, P points along an axis.
"""
from dataclasses import dataclass
from itertools import combinations
from typing import Dict, List, Mapping, Tuple

import numpy as np
import torch
from torch import nn

from .run_history import Curve


@dataclass
class Transformation:
    """M along each loss and over each pair, the other losses held.

    Attributes:
        names (list[str]): The losses, in MELTR's order.
        held (np.ndarray): Where a loss is held, (T,).
        axes (np.ndarray): The values that each loss runs through, (T, P).
        lines (np.ndarray): M along each loss, (T, P).
        planes (dict): M over each pair (i, j), i < j: (P, P), the rows being
            values of loss j, the columns of loss i.
    """

    names: List[str]
    held: np.ndarray
    axes: np.ndarray
    lines: np.ndarray
    planes: Dict[Tuple[int, int], np.ndarray]


def learnt_transformation(meltr: nn.Module,
                          losses: Mapping[str, Curve],
                          points: int = 13) -> Transformation:
    """Evaluate MELTR around the losses of a run, without dropout.

    A loss is held at its mean over the last tenth of the run. It runs from
    its 5th to its 95th percentile over the whole run; the value where it is
    held is always inside.

    Args:
        meltr (nn.Module): Losses (T,) -> scalar; its mode is left as it was.
        losses (Mapping[str, Curve]): The losses of the run, T of them in
            MELTR's order.
        points (int): P. Defaults to 13.

    Returns:
        Transformation: M there.

    Raises:
        ValueError: If a loss has no finite value.
    """
    held, axes = [], []
    for name, curve in losses.items():
        values = curve.values[np.isfinite(curve.values)]
        if not len(values):
            raise ValueError(f'the loss {name!r} must have been finite in '
                             'some iteration to draw MELTR around it, but '
                             'it never was')
        last = values[-max(1, len(values) // 10):].mean()
        low, high = np.percentile(values, (5, 95))
        low, high = min(low, last), max(high, last)
        if low == high:  # one value logged: show some of its surroundings
            low, high = low - 0.5, high + 0.5
        held.append(last)
        axes.append(np.linspace(low, high, points))
    held, axes = np.array(held), np.array(axes)
    count = len(held)
    training = meltr.training
    meltr.eval()
    try:
        lines = np.stack([
            _evaluate(meltr, _around(held, {t: axes[t]}))
            for t in range(count)
        ])
        planes = {}
        for i, j in combinations(range(count), 2):
            x, y = np.meshgrid(axes[i], axes[j])
            at = _around(held, {i: x.ravel(), j: y.ravel()})
            planes[i, j] = _evaluate(meltr, at).reshape(points, points)
    finally:
        meltr.train(training)
    return Transformation(list(losses), held, axes, lines, planes)


def _around(held: np.ndarray, moved: Dict[int, np.ndarray]) -> np.ndarray:
    """Rows that are ``held`` but for some columns, (N, T)."""
    rows = np.tile(held, (len(next(iter(moved.values()))), 1))
    for column, values in moved.items():
        rows[:, column] = values
    return rows


@torch.no_grad()
def _evaluate(meltr: nn.Module, rows: np.ndarray) -> np.ndarray:
    device = next(meltr.parameters()).device
    at = torch.as_tensor(rows, dtype=torch.float32, device=device)
    return torch.stack([meltr(row) for row in at]).double().cpu().numpy()
