"""What MELTR makes of its losses, evaluated where a run has been, and drawn.

Shapes: T tasks, P points along an axis.
"""
from dataclasses import dataclass
from itertools import combinations
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import nn

from .draw_history import line_style
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


PAIRS = 6  # as many as one looks at
_COLUMNS = 4
_PANEL = 2.7, 2.3  # inches


def draw_transformation(result: Transformation,
                        primary: Optional[str] = None) -> Figure:
    """Draw M against each loss, its slopes, and M over pairs of losses.

    Args:
        result (Transformation): What to draw, T losses.
        primary (str, optional): The primary loss, which is marked. Defaults
            to None.

    Returns:
        Figure: T panels with M along a loss, each on its own scale; one with
        the slopes along all of them; and the pairs, six at most, in which M
        is least the sum of what each loss does alone. A dot or a dotted line
        shows where losses are held.
    """
    count = len(result.names)
    pairs = strongest_pairs(result)
    panels = count + 1 + len(pairs)
    columns = min(_COLUMNS, panels)
    rows = -(-panels // columns)
    figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows + 0.5),
                    layout='constrained')
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for task in range(count):
        _draw_line(axes[task], result, task, primary)
    _draw_slopes(axes[count], result, primary)
    for axis, pair in zip(axes[count + 1:], pairs):
        _draw_plane(figure, axis, result, *pair)
    for axis in axes[panels:]:
        axis.set_axis_off()
    title = 'The loss M that MELTR has learnt, along each task loss while the'\
        ' others are held'
    if count * (count - 1) // 2 > len(pairs):
        title += f', and over the {len(pairs)} pairs that act together most'
    elif pairs:
        title += ', and over each pair'
    figure.suptitle(title, fontsize='medium' if columns > 3 else 'x-small')
    return figure


def strongest_pairs(result: Transformation) -> List[Tuple[int, int]]:
    """Choose the pairs to draw: those that act together most.

    Args:
        result (Transformation): T losses.

    Returns:
        list[tuple[int, int]]: Six at most, (i, j) with i < j, the strongest
        first: by the standard deviation of what is left of M over the pair
        without what each loss does alone.
    """

    def strength(pair: Tuple[int, int]) -> float:
        plane = result.planes[pair]
        return float((plane - plane.mean(0) - plane.mean(1, keepdims=True) +
                      plane.mean()).std())

    return sorted(result.planes, key=strength, reverse=True)[:PAIRS]


def _draw_line(axis: Axes, result: Transformation, task: int,
               primary: Optional[str]) -> None:
    name = result.names[task]
    axis.plot(result.axes[task], result.lines[task],
              linewidth=2.6 if name == primary else 1.8, **line_style(task))
    axis.axvline(result.held[task], color='grey', linestyle=':')
    mark = ' (primary)' if name == primary else ''
    axis.set_title(f'{name}{mark}\nheld at {result.held[task]:.3g}',
                   fontsize='small')
    axis.set_ylabel('M', fontsize='small')
    axis.grid(alpha=0.25)
    _few_ticks(axis)


def _draw_slopes(axis: Axes, result: Transformation,
                 primary: Optional[str]) -> None:
    for task, name in enumerate(result.names):
        at = result.axes[task]
        axis.plot(np.linspace(0, 100, len(at)),
                  np.gradient(result.lines[task], at), label=name,
                  linewidth=2.6 if name == primary else 1.8,
                  **line_style(task))
    axis.axhline(0, color='grey', linewidth=0.8)
    axis.set_title('slopes dM/dl,\neach in its colour', fontsize='small')
    axis.set_xlabel('% of the range of the loss', fontsize='small')
    axis.grid(alpha=0.25)
    _few_ticks(axis)


def _draw_plane(figure: Figure, axis: Axes, result: Transformation, i: int,
                j: int) -> None:
    plane = result.planes[i, j]
    # Round numbers that include all values.
    levels = MaxNLocator(12).tick_values(plane.min(), plane.max())
    shown = axis.contourf(result.axes[i], result.axes[j], plane, levels,
                          cmap='viridis')
    axis.plot(result.held[i], result.held[j], marker='o', markersize=5,
              color='white', markeredgecolor='black', clip_on=False, zorder=5)
    axis.set_xlabel(result.names[i], fontsize='small')
    axis.set_ylabel(result.names[j], fontsize='small')
    _few_ticks(axis)
    bar = figure.colorbar(shown, ax=axis, ticks=MaxNLocator(4))
    bar.ax.set_title('M', fontsize='small')
    bar.ax.tick_params(labelsize='small')


def _few_ticks(axis: Axes) -> None:
    axis.xaxis.set_major_locator(MaxNLocator(3))
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.ticklabel_format(useOffset=False)
    axis.tick_params(labelsize='small')
