"""Greyish textures, so that colour always belongs to an actor."""
import cv2
import numpy as np

from .world import HEIGHT, WIDTH


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
