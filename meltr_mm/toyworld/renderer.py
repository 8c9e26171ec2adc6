"""Drawing a scene: background, shapes, and what moves."""
from typing import Dict

import cv2
import numpy as np

from .world import COLOURS, FRAMES, HEIGHT, WIDTH, Actor, Scene


def _ring(count: int, first: float = -np.pi / 2) -> np.ndarray:
    angles = first + 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


OUTLINES: Dict[str, np.ndarray] = dict(
    circle=_ring(48) * 0.92,
    square=_ring(4, np.pi / 4),
    triangle=_ring(3))


def paint_background(kind: str, seed: int) -> np.ndarray:
    """Paint a background.

    Args:
        kind (str): One of :data:`meltr_mm.toyworld.world.BACKGROUNDS`.
        seed (int): Seed of its tones and its pattern.

    Returns:
        np.ndarray: RGB (HEIGHT, WIDTH, 3), uint8.
    """
    rng = np.random.default_rng(seed)
    # Near the mean that models subtract: what is left of a background is
    # small then, and LayerNorms do not drown the actors in it.
    dark = rng.uniform(104, 120)
    light = dark + rng.uniform(4, 16)
    weight = _pattern(kind, rng)[..., None]
    tint = rng.uniform(-4, 4, size=3)
    image = dark + (light - dark) * weight + tint
    return np.clip(image, 0, 255).astype(np.uint8)


def _pattern(kind: str, rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    angle = rng.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    if kind == 'plain':
        return np.full((HEIGHT, WIDTH), rng.uniform())
    if kind == 'gradient':
        return (along - along.min()) / np.ptp(along)
    if kind == 'stripes':
        return 0.5 + 0.5 * np.sin(2 * np.pi * along / rng.uniform(10, 24))
    if kind == 'checks':
        side = rng.integers(8, 17)
        return ((x // side + y // side) % 2)
    noise = rng.uniform(size=(7, 8)).astype(np.float32)
    return cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


_RIM = (24, 24, 24)
_MARK_RADIUS, _MARK_DISTANCE = 0.13, 0.36
# OpenCV takes fixed-point coordinates: this many binary places.
_PLACES = 4


def render(scene: Scene) -> np.ndarray:
    """Draw every frame of a scene.

    Each actor has a dark rim, which keeps it apart from any background, and
    a dark mark off its centre, by which even a circle is seen to turn.

    Args:
        scene (Scene): What to draw.

    Returns:
        np.ndarray: RGB (FRAMES, HEIGHT, WIDTH, 3), uint8.
    """
    background = paint_background(scene.background, scene.texture_seed)
    frames = np.repeat(background[None], FRAMES, axis=0)
    for frame, time in zip(frames, np.linspace(0, 1, FRAMES)):
        # The acting one last: it is in front where rims touch.
        for actor in reversed(scene.actors):
            _draw(frame, actor, time)
    return frames


def _draw(frame: np.ndarray, actor: Actor, time: float) -> None:
    centre, radius, angle = actor.pose(time)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = radius * np.array([[cos, sin], [-sin, cos]])
    outline = _fixed(OUTLINES[actor.shape] @ turn + centre)
    colour = COLOURS[actor.colour]
    cv2.fillPoly(frame, [outline], colour, cv2.LINE_AA, _PLACES)
    cv2.polylines(frame, [outline], True, _RIM, 1, cv2.LINE_AA, _PLACES)
    mark = _fixed(np.array([0, -_MARK_DISTANCE]) @ turn + centre)
    mark_radius = int(_fixed(_MARK_RADIUS * radius))
    cv2.circle(frame, mark, mark_radius, _RIM, -1, cv2.LINE_AA, _PLACES)


def _fixed(lengths: np.ndarray) -> np.ndarray:
    return np.round(np.asarray(lengths) * 2**_PLACES).astype(np.int32)
