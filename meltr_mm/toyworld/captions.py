"""What a caption says about a scene."""
from typing import List

import numpy as np

from .world import Actor, Scene

_PRESENT = dict(
    moving='moves {direction}',
    turning='turns',
    growing='grows',
    shrinking='shrinks',
    resting='rests')


def describe(scene: Scene, rng: np.random.Generator,
             count: int) -> List[str]:
    """Describe a scene several times.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Chooses order and wording.
        count (int): Number of captions.

    Returns:
        list[str]: Each names all actors and what they do, and may name the
        background.
    """
    return [_caption(scene, rng) for _ in range(count)]


def _caption(scene: Scene, rng: np.random.Generator) -> str:
    parts = [_clause(scene.actors[i]) for i in rng.permutation(
        len(scene.actors))]
    text = ' and '.join(parts)
    if rng.random() < 0.5:
        text += f' on a background of {scene.background}'
    return text


def _clause(actor: Actor) -> str:
    deed = _PRESENT[actor.deed].format(direction=actor.direction)
    return f'a {actor.colour} {actor.shape} {deed}'
