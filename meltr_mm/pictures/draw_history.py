"""Weights with their shares, losses and a metric over a run.

With what all figures share: colours, files and images.
"""
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from .run_history import Curve, RunHistory, baselines_of

# Okabe and Ito's colours, which people with any colour vision tell apart,
# the darker ones first; their yellow is too pale for a line.
_COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9',
            '#000000')
_DASHES = ('-', '--', ':', '-.')
DPI = 120


def line_style(number: int) -> Dict[str, str]:
    """Colour and dashes of the n-th curve of a figure.

    Args:
        number (int): From 0; colours repeat with other dashes.

    Returns:
        dict[str, str]: Arguments of ``plot``.
    """
    dashes = _DASHES[number // len(_COLOURS) % len(_DASHES)]
    return dict(color=_COLOURS[number % len(_COLOURS)], linestyle=dashes)


def legend_beside(axis: Axes, handles: Sequence = ()) -> None:
    """Put the legend on the right of an axis, where no line is.

    Args:
        axis (Axes): With labelled lines.
        handles (Sequence): What to list. Defaults to all that is labelled.
    """
    chosen = dict(handles=handles) if handles else {}
    axis.legend(loc='upper left', bbox_to_anchor=(1.01, 1.02),
                frameon=False, fontsize='small', **chosen)


def to_image(figure: Figure) -> np.ndarray:
    """Render a figure as MMEngine's visualisers take images.

    Args:
        figure (Figure): Any.

    Returns:
        np.ndarray: RGB, (H, W, 3), uint8.
    """
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: Figure, path: Union[str, Path]) -> np.ndarray:
    """Write a figure as a PNG; the folder is made if it is missing.

    Args:
        figure (Figure): Any.
        path (str | Path): The file.

    Returns:
        np.ndarray: What was written, see :func:`to_image`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = to_image(figure)
    Image.fromarray(image).save(path)
    return image


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
        Figure: Panels that share the iteration axis: weights, beside them
        their shares (each divided by the sum of the absolute ones), below
        them the losses and the metric.

    Raises:
        ValueError: If the history has no tasks.
    """
    if not history.weights:
        raise ValueError('the history must have the weights of the tasks, '
                         'but has none; is the model a MELTRWrapper?')
    metric = history.metric(metric)
    figure = Figure(figsize=(11, 6), layout='constrained')
    last = 'losses' if metric is None else 'metric'
    axes = figure.subplot_mosaic([['weights', 'shares'], ['losses', last]],
                                 sharex=True)
    window = max(1, smoothing // history.averaged)
    for name, curves in (('weights', history.weights),
                         ('shares', _shares(history.weights))):
        _draw_curves(axes[name], curves, primary, window)
        axes[name].axhline(0, color='grey', linewidth=0.8)
    legend_beside(axes['shares'], [
        line for line in axes['shares'].get_lines()
        if not line.get_label().startswith('_')])
    axes['weights'].set(title='How much each task counts',
                        ylabel='weight dM/dl')
    axes['shares'].set(title='The same as shares',
                       ylabel='share of the weights')
    _draw_curves(axes['losses'], history.losses, primary, window)
    axes['losses'].set(title='Task losses', ylabel='loss',
                       xlabel='iteration')
    _use_log_scale(axes['losses'], [running_mean(curve.values, window)
                                    for curve in history.losses.values()])
    if metric is not None:
        _draw_metric(axes['metric'], history, metric)
    return figure


def _shares(weights: Dict[str, Curve]) -> Dict[str, Curve]:
    total = sum(np.abs(curve.values) for curve in weights.values())
    total = np.where(total > 0, total, 1.)
    return {name: Curve(curve.steps, curve.values / total)
            for name, curve in weights.items()}


def _draw_curves(axis: Axes, curves: dict, primary: Optional[str],
                 window: int) -> None:
    for number, (name, curve) in enumerate(curves.items()):
        style = line_style(number)
        if window > 1:
            axis.plot(curve.steps, curve.values, color=style['color'],
                      alpha=0.2, linewidth=0.8)
        is_primary = name == primary
        axis.plot(
            curve.steps,
            running_mean(curve.values, window),
            label=f'{name} (primary)' if is_primary else name,
            linewidth=2.6 if is_primary else 1.6,
            **style)
    axis.grid(alpha=0.25)


def _use_log_scale(axis: Axes, means: List[np.ndarray]) -> None:
    """Show small and large losses alike; outliers may leave the panel."""
    values = np.concatenate(means)
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0:
        axis.set_yscale('log')
        axis.set_ylim(values.min() / 1.5, values.max() * 1.5)


def _draw_metric(axis: Axes, history: RunHistory, metric: str) -> None:
    curve = history.metrics[metric]
    _draw_points(axis, curve, metric, line_style(0))
    levels = []
    for number, name in enumerate(baselines_of(metric, history.metrics)):
        levels.append(history.metrics[name].values[-1])
        axis.axhline(levels[-1], color='grey', linewidth=1.2, label=name,
                     linestyle=('--', ':')[number % 2])
    _anchor(axis, curve.values, levels)
    axis.set(title='Validation', ylabel=metric, xlabel='iteration')
    axis.grid(alpha=0.25)
    legend_beside(axis)


def _anchor(axis: Axes, values: np.ndarray, levels: List[float]) -> None:
    """Begin at what a score is worth, or at 0, so that noise looks small."""
    found = np.concatenate([values[np.isfinite(values)], levels or [0.]])
    low, high = found.min(), found.max()
    high = max(high, low + 0.2 * np.abs(found).max())
    margin = 0.05 * (high - low or 1.)
    axis.set_ylim(low - margin, high + margin)


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
