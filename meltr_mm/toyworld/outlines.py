"""The outline of each shape, as a polygon inside the unit circle."""
from typing import Dict

import numpy as np


def _ring(count: int, first: float = -np.pi / 2) -> np.ndarray:
    angles = first + 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _star() -> np.ndarray:
    points = _ring(10)
    points[1::2] *= 0.42
    return points


def _cross() -> np.ndarray:
    long, short = 0.94, 0.33
    corner = np.array([[-short, -long], [short, -long], [short, -short]])
    turn = np.array([[0, 1], [-1, 0]])  # a quarter turn, rows are points
    arms = [corner]
    for _ in range(3):
        arms.append(arms[-1] @ turn)
    return np.concatenate(arms)


def _heart() -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = 16 * np.sin(t)**3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t)
          - np.cos(4 * t))
    points = np.stack([x, y - 2], axis=1)
    return points / np.linalg.norm(points, axis=1).max()


OUTLINES: Dict[str, np.ndarray] = dict(
    circle=_ring(48) * 0.92,
    square=_ring(4, np.pi / 4),
    triangle=_ring(3),
    star=_star(),
    cross=_cross(),
    heart=_heart())
