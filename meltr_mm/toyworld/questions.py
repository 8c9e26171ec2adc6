"""The grammar of the questions: what is asked about a scene, and how."""
from dataclasses import dataclass
from typing import Dict, List

import numpy as np

from .world import Actor, Scene

NUMBERS = ('one', 'two', 'three')

# One phrasing each: several are easily understood, but a small model that
# starts from nothing then takes several times longer to look at the video.
PHRASINGS: Dict[str, str] = dict(
    colour='what colour is the {shape}?',
    shape='what shape is the {colour} object?',
    direction='in which direction does the {shape} move?',
    count='how many objects are there?')


@dataclass(frozen=True)
class Question:
    """A question about a scene.

    Attributes:
        text (str): The question, lower case, with a question mark.
        answer (str): The one right answer, a single word.
        type (str): A key of ``PHRASINGS``.
    """

    text: str
    answer: str
    type: str


def ask(scene: Scene, rng: np.random.Generator) -> List[Question]:
    """Ask two to four questions about a scene.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Chooses the last question.

    Returns:
        list[Question]: The colour of every actor, and one other thing: a
        shape, the count, or the direction where something moves.
    """
    acting = scene.actors[0]
    shaped = scene.actors[rng.integers(len(scene.actors))]
    others = [
        _phrase('shape', shaped, shaped.shape),
        _phrase('count', acting, NUMBERS[len(scene.actors) - 1])
    ]
    if acting.deed == 'moving':
        others.append(_phrase('direction', acting, acting.direction))
    return [_phrase('colour', actor, actor.colour)
            for actor in scene.actors] + [others[rng.integers(len(others))]]


def _phrase(kind: str, actor: Actor, answer: str) -> Question:
    text = PHRASINGS[kind]
    return Question(
        text.format(shape=actor.shape, colour=actor.colour), answer, kind)
