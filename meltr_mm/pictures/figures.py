"""What all figures share: colours, files and images."""
from pathlib import Path
from typing import Dict, Sequence, Union

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

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
