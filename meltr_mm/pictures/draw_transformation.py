"""The learnt loss: M along each loss, its slopes, and M over pairs."""
from typing import List, Optional, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .figures import line_style
from .transformation import Transformation

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
