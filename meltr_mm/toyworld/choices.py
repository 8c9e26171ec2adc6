"""Multiple-choice questions about routines: what is asked, and the options."""
from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from .routines import VERBS, Performer
from .world import Scene


@dataclass(frozen=True)
class Choice:
    """A question with options.

    Attributes:
        text (str): The question; ends in `` ?`` as those of TGIF-QA.
        options (tuple[str, ...]): All verbs, in random order.
        answer (int): Index of the right one.
    """

    text: str
    options: Tuple[str, ...]
    answer: int


def ask_repetition(scene: Scene, rng: np.random.Generator) -> List[Choice]:
    """Ask what the performer does so many times.

    Args:
        scene (Scene): See
            :func:`~meltr_mm.toyworld.routines.imagine_repetition`.
        rng (np.random.Generator): Orders the options.

    Returns:
        list[Choice]: One question.
    """
    actor: Performer = scene.actors[0]
    (verb, times), = actor.acts
    return [
        _choice(f'what does the {actor.colour} {actor.shape} do {times} '
                'times ?', verb, rng)
    ]


def ask_transition(scene: Scene, rng: np.random.Generator) -> List[Choice]:
    """Ask what the performer does before the one thing and after the other.

    Args:
        scene (Scene): See
            :func:`~meltr_mm.toyworld.routines.imagine_transition`.
        rng (np.random.Generator): Orders the options.

    Returns:
        list[Choice]: Two questions.
    """
    actor: Performer = scene.actors[0]
    (first, _), (second, _) = actor.acts
    name = f'what does the {actor.colour} {actor.shape} do'
    return [
        _choice(f'{name} before {second} ?', first, rng),
        _choice(f'{name} after {first} ?', second, rng)
    ]


def _choice(text: str, answer: str, rng: np.random.Generator) -> Choice:
    options = tuple(str(verb) for verb in rng.permutation(VERBS))
    return Choice(text, options, options.index(answer))
