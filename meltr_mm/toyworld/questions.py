"""The grammar of the questions: what is asked about a scene, and how."""
from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np

from .world import Actor, Scene

NUMBERS = ('one', 'two', 'three')

# Each phrasing of a type asks the same; none tells more than another.
PHRASINGS: Dict[str, Tuple[str, ...]] = dict(
    colour=('what colour is the {shape}?',
            'which colour does the {shape} have?',
            'the {shape} is painted in what colour?'),
    shape=('what shape is the {colour} object?',
           'which shape is painted in {colour}?',
           'what is the {colour} thing?'),
    direction=('in which direction does the {shape} move?',
               'where does the {colour} {shape} go?',
               'what is the direction of the {colour} object?'),
    count=('how many objects are there?',
           'how many shapes can be seen?',
           'what is the number of objects?'),
    deed=('what is the {colour} {shape} doing?',
          'what does the {shape} do?',
          'what is happening to the {colour} object?'))


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
    """Ask three to five questions about a scene, each of another type.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Chooses phrasings and actors.

    Returns:
        list[Question]: Colour, shape and count always; the direction where
        something moves; the deed of the acting one, or of a resting one.
    """
    actors = scene.actors
    acting = actors[0]
    coloured, shaped = (actors[rng.integers(len(actors))] for _ in range(2))
    questions = [
        _phrase(rng, 'colour', coloured, coloured.colour),
        _phrase(rng, 'shape', shaped, shaped.shape),
        _phrase(rng, 'count', acting, NUMBERS[len(actors) - 1])
    ]
    if acting.deed == 'moving':
        questions.append(
            _phrase(rng, 'direction', acting, acting.direction))
    # Moving is the most frequent deed and has a question of its own, so it
    # is asked for less often: the five deeds come out about equally likely.
    if len(actors) > 1 and rng.uniform() < 0.3:
        questions.append(_phrase(rng, 'deed', actors[1], actors[1].deed))
    elif acting.deed != 'moving' or rng.uniform() < 0.4:
        questions.append(_phrase(rng, 'deed', acting, acting.deed))
    return questions


def _phrase(rng: np.random.Generator, kind: str, actor: Actor,
            answer: str) -> Question:
    phrasings = PHRASINGS[kind]
    text = phrasings[rng.integers(len(phrasings))]
    return Question(
        text.format(shape=actor.shape, colour=actor.colour), answer, kind)
