"""Feature vectors of what is to be seen, in the place of an S3D network.

Each thing that can be seen - a colour, a shape, a coloured shape, a deed, a
background, a smile - has a direction of its own: a unit vector drawn with the
thing's name as seed, the same in every data set. A second of video is the
weighted sum of the directions of what is seen in it, plus Gaussian noise in
every channel. From one second a thing is told with some errors, from a clip
nearly always.
"""
import zlib
from functools import lru_cache
from typing import Dict, Sequence

import numpy as np

from .world import Scene

# Of each channel. The direction of a thing has length 1 in all channels.
NOISE = 0.4
# What moves is seen better than what rests, and that better than a texture.
ACTING, RESTING, BACKGROUND = 1., 0.5, 0.5


def things_in(scene: Scene) -> Dict[str, float]:
    """List what is to be seen in a scene.

    Args:
        scene (Scene): The scene.

    Returns:
        dict[str, float]: Names, such as ``'red'``, ``'circle'``, ``'red
        circle'``, ``'moving left'`` and ``'stripes'``, with their weights.
        One actor's colour and shape add to those of another.
    """
    things = {scene.background: BACKGROUND}
    for actor in scene.actors:
        weight = RESTING if actor.deed == 'resting' else ACTING
        for name in (actor.colour, actor.shape,
                     f'{actor.colour} {actor.shape}'):
            things[name] = things.get(name, 0.) + weight
    acting = scene.actors[0]
    things[f'{acting.deed} {acting.direction or ""}'.strip()] = ACTING
    return things


def feature_vectors(seconds: Sequence[Dict[str, float]],
                    rng: np.random.Generator, feature_dim: int) -> np.ndarray:
    """Compute the features of a video.

    Args:
        seconds (Sequence[dict[str, float]]): What is seen in each second,
            with weights.
        rng (np.random.Generator): Source of the noise.
        feature_dim (int): D, the width.

    Returns:
        np.ndarray: One vector per second, (T, D), float32.
    """
    features = rng.normal(scale=NOISE, size=(len(seconds), feature_dim))
    for row, things in zip(features, seconds):
        for name, weight in things.items():
            row += weight * direction(name, feature_dim)
    return features.astype(np.float32)


@lru_cache(None)
def direction(name: str, feature_dim: int) -> np.ndarray:
    """The direction of a thing.

    Args:
        name (str): The thing.
        feature_dim (int): D.

    Returns:
        np.ndarray: Unit vector (D,), which callers must not change.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    vector = rng.normal(size=feature_dim)
    return vector / np.linalg.norm(vector)
