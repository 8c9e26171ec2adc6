"""The learnt loss as a matrix: lines on the diagonal, pairs below it."""
from typing import Optional

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .figures import line_style
from .transformation import Transformation

_PANEL = 1.9  # inches


def draw_transformation(result: Transformation,
                        primary: Optional[str] = None) -> Figure:
    """Draw M against each loss, and over each pair of losses.

    Args:
        result (Transformation): What to draw, T losses.
        primary (str, optional): The primary loss, which is marked. Defaults
            to None.

    Returns:
        Figure: T x T panels; column and row say which losses vary. A dot or
        a dotted line shows where losses are held.
    """
    count = len(result.names)
    size = max(4.8, _PANEL * count + 1.4)
    figure = Figure(figsize=(size + 0.6, size), layout='constrained')
    axes = figure.subplots(count, count, squeeze=False, sharex='col')
    everything = [result.lines, *result.planes.values()]
    low = min(values.min() for values in everything)
    high = max(values.max() for values in everything)
    margin = 0.05 * (high - low or 1.)
    labels = [f'{name}\n(primary)' if name == primary else name
              for name in result.names]
    shown = None
    for row in range(count):
        for column in range(count):
            axis = axes[row, column]
            if column > row:
                axis.set_axis_off()
                continue
            if column == row:
                _draw_line(axis, result, row)
                axis.set_ylim(low - margin, high + margin)
            else:
                shown = _draw_plane(axis, result, column, row, low, high)
                if column == 0:
                    axis.set_ylabel(labels[row])
                else:
                    axis.tick_params(labelleft=False)
            if row == count - 1:
                axis.set_xlabel(labels[column])
    if shown is not None:
        figure.colorbar(shown, ax=axes[:, -1], label='M', shrink=0.7,
                        pad=0.1,
                        ticks=MaxNLocator(8))
    figure.suptitle('The loss M that MELTR has learnt: along each task loss '
                    '(diagonal) and over each pair', fontsize='medium')
    _say_where(axes, result)
    return figure


def _draw_line(axis: Axes, result: Transformation, task: int) -> None:
    axis.plot(result.axes[task], result.lines[task], linewidth=2,
              **line_style(0))
    axis.axvline(result.held[task], color='grey', linestyle=':')
    axis.yaxis.tick_right()
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.set_title('M', fontsize='small', loc='right')
    axis.grid(alpha=0.25)


def _draw_plane(axis: Axes, result: Transformation, i: int, j: int,
                low: float, high: float) -> ContourSet:
    # Round numbers, the same in all panels.
    levels = MaxNLocator(16).tick_values(low, high)
    plane = result.planes[i, j]
    shown = axis.contourf(result.axes[i], result.axes[j], plane, levels,
                          cmap='viridis')
    axis.plot(result.held[i], result.held[j], marker='o', markersize=5,
              color='white', markeredgecolor='black')
    return shown


def _say_where(axes: np.ndarray, result: Transformation) -> None:
    held = '\n'.join(f'{name} = {value:.3g}' for name, value in zip(
        result.names, result.held))
    text = f'A loss that does not vary\nis held at\n{held}'
    if len(result.names) > 1:
        axes[0, -1].text(1., 1., text, transform=axes[0, -1].transAxes,
                         ha='right', va='top', fontsize='small')
    else:
        axes[0, 0].set_title(text.replace('\n', ' '), fontsize='small')
