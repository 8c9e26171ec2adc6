"""Drawing a scene."""
import cv2
import numpy as np

from .backgrounds import paint_background
from .outlines import OUTLINES
from .world import COLOURS, FRAMES, Actor, Scene

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
