"""Weights, losses and a metric over a run, below each other."""
from typing import List, Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .figures import legend_beside, line_style
from .run_history import Curve, RunHistory

# Metrics that say what a score is worth, by the end of their names.
_BASELINES = ('chance', 'majority')


def draw_history(history: RunHistory,
                 primary: Optional[str] = None,
                 metric: Optional[str] = None,
                 smoothing: int = 20) -> Figure:
    """Draw the weights dM/dl, the losses and a metric over iterations.

    Args:
        history (RunHistory): What the run has logged.
        primary (str, optional): The primary loss, which is drawn thicker.
            Defaults to None.
        metric (str, optional): Which metric. Defaults to the first that was
            logged; without any there is no such panel.
        smoothing (int): Iterations of the running mean that is drawn over
            the raw curve. Defaults to 20.

    Returns:
        Figure: Two or three panels that share the iteration axis.

    Raises:
        ValueError: If the history has no tasks.
    """
    if not history.weights:
        raise ValueError('the history must have the weights of the tasks, '
                         'but has none; is the model a MELTRWrapper?')
    metric = history.metric(metric)
    rows = 2 if metric is None else 3
    figure = Figure(figsize=(9, 2.6 * rows + 0.6), layout='constrained')
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    window = max(1, smoothing // history.averaged)
    _draw_curves(axes[0], history.weights, primary, window)
    axes[0].axhline(0, color='grey', linewidth=0.8)
    axes[0].set(title='How much each task counts', ylabel='weight dM/dl')
    _draw_curves(axes[1], history.losses, primary, window)
    axes[1].set(title='Task losses', ylabel='loss')
    _use_log_scale(axes[1], [running_mean(curve.values, window)
                             for curve in history.losses.values()])
    if metric is not None:
        _draw_metric(axes[2], history, metric)
    axes[-1].set_xlabel('iteration')
    return figure


def _draw_curves(axis: Axes, curves: dict, primary: Optional[str],
                 window: int) -> None:
    means = []
    for number, (name, curve) in enumerate(curves.items()):
        style = line_style(number)
        if window > 1:
            axis.plot(curve.steps, curve.values, color=style['color'],
                      alpha=0.2, linewidth=0.8)
        is_primary = name == primary
        means += axis.plot(
            curve.steps,
            running_mean(curve.values, window),
            label=f'{name} (primary)' if is_primary else name,
            linewidth=2.6 if is_primary else 1.6,
            **style)
    axis.grid(alpha=0.25)
    legend_beside(axis, means)


def _use_log_scale(axis: Axes, means: List[np.ndarray]) -> None:
    """Show small and large losses alike; outliers may leave the panel."""
    values = np.concatenate(means)
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0:
        axis.set_yscale('log')
        axis.set_ylim(values.min() / 1.5, values.max() * 1.5)


def _draw_metric(axis: Axes, history: RunHistory, metric: str) -> None:
    _draw_points(axis, history.metrics[metric], metric, line_style(0))
    group = metric.rpartition('/')[0]
    baselines = [name for name in history.metrics
                 if name.rpartition('/')[0] == group
                 and name.endswith(_BASELINES)]
    for number, name in enumerate(baselines):
        level = history.metrics[name].values[-1]
        axis.axhline(level, color='grey', linewidth=1.2, label=name,
                     linestyle=('--', ':')[number % 2])
    axis.set(title='Validation', ylabel=metric)
    axis.grid(alpha=0.25)
    legend_beside(axis)


def _draw_points(axis: Axes, curve: Curve, name: str, style: dict) -> None:
    axis.plot(curve.steps, curve.values, marker='o', markersize=4,
              label=name, **style)


def running_mean(values: np.ndarray, length: int) -> np.ndarray:
    """Mean of the last values, of fewer at the beginning.

    Args:
        values (np.ndarray): (N,).
        length (int): How many.

    Returns:
        np.ndarray: (N,), float.
    """
    total = np.cumsum(np.insert(np.asarray(values, dtype=float), 0, 0.))
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - length, 0)
    return (total[end] - total[start]) / (end - start)
