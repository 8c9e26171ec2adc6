"""The outline of each shape, as a polygon inside the unit circle."""
from typing import Dict

import numpy as np


def _ring(count: int, first: float = -np.pi / 2) -> np.ndarray:
    angles = first + 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


OUTLINES: Dict[str, np.ndarray] = dict(
    circle=_ring(48) * 0.92,
    square=_ring(4, np.pi / 4),
    triangle=_ring(3))
