"""Actors that repeat an act, or do one thing after another.

TGIF-QA asks what somebody does so many times, and what somebody does before
or after something else. Here a performer in the middle of the frame goes
through a routine of one or two acts, each done a number of times, in equal
shares of the clip. Somebody else may rest in a corner. Lengths are pixels.
"""
from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from .world import BACKGROUNDS, COLOURS, HEIGHT, SHAPES, WIDTH, Actor, Scene

VERBS = ('jump', 'duck', 'swing', 'swell', 'shrink')
# With these and the lead below, an act shows in both of two even frames, and
# one frame falls into each act of a transition.
TIMES = (2, 3, 4)

# The clip begins a little after the routine: else the frames before and after
# the middle would be the same, and a GIF keeps only one of such a pair.
_LEAD = 0.06

_RADIUS = (13.0, 15.0)
# So large that each act fills other thirds of the frame than the others do.
_HEIGHT, _SWING, _SWELL, _SHRINK = 28.0, 34.0, 1.9, 0.45
# How far from the middle a performer may stand.
_SLACK = 3.0
_BYSTANDER_CHANCE, _BYSTANDER_RADIUS, _CORNER = 0.3, (9.0, 11.0), 14.0


@dataclass(frozen=True)
class Performer(Actor):
    """An actor with a routine; ``start`` is where it stands.

    Attributes:
        acts (tuple[tuple[str, int], ...]): What it does and how many times,
            in order.
    """

    acts: Tuple[Tuple[str, int], ...]

    def pose(self, time: float) -> Tuple[np.ndarray, float, float]:
        """Where it is at a time.

        Args:
            time (float): 0 = first frame, 1 = last frame.

        Returns:
            tuple[np.ndarray, float, float]: Centre (2,), radius, angle.
        """
        share = _LEAD + (1 - _LEAD) * time
        place = min(share * len(self.acts), len(self.acts) - 1e-9)
        verb, times = self.acts[int(place)]
        phase = np.sin(np.pi * times * (place % 1))
        extent = abs(phase)
        centre, radius = np.array(self.start), self.radii[0]
        if verb == 'jump':
            centre = centre - [0, _HEIGHT * extent]
        elif verb == 'duck':
            centre = centre + [0, _HEIGHT * extent]
        elif verb == 'swing':
            centre = centre + [_SWING * phase, 0]
        else:
            factor = _SWELL if verb == 'swell' else _SHRINK
            radius *= 1 + (factor - 1) * extent
        return centre, float(radius), self.angles[0]


def imagine_repetition(rng: np.random.Generator) -> Scene:
    """Choose a scene in which a performer does one thing several times.

    Args:
        rng (np.random.Generator): Source of every choice.

    Returns:
        Scene: The performer, and in 30 % of the scenes a bystander.
    """
    return _stage(rng, ((str(rng.choice(VERBS)), int(rng.choice(TIMES))), ))


def imagine_transition(rng: np.random.Generator) -> Scene:
    """Choose a scene in which a performer does one thing after another.

    Args:
        rng (np.random.Generator): Source of every choice.

    Returns:
        Scene: The performer with two different acts, each done once, and in
        30 % of the scenes a bystander.
    """
    first, second = rng.permutation(VERBS)[:2]
    return _stage(rng, ((str(first), 1), (str(second), 1)))


def _stage(rng: np.random.Generator, acts: tuple) -> Scene:
    shapes = [str(shape) for shape in rng.permutation(SHAPES)]
    colours = [str(colour) for colour in rng.permutation(list(COLOURS))]
    middle = np.array([WIDTH, HEIGHT]) / 2
    place = tuple(middle + rng.uniform(-_SLACK, _SLACK, size=2))
    deed = ' then '.join(f'{verb} {times}' for verb, times in acts)
    actors = [
        Performer(shapes[0], colours[0], deed, None, place, place,
                  _twice(rng.uniform(*_RADIUS)), _twice(_angle(rng)), acts)
    ]
    if rng.random() < _BYSTANDER_CHANCE:
        corner = tuple(middle + rng.choice([-1, 1], 2) * (middle - _CORNER))
        actors.append(
            Actor(shapes[1], colours[1], 'resting', None, corner, corner,
                  _twice(rng.uniform(*_BYSTANDER_RADIUS)),
                  _twice(_angle(rng))))
    return Scene(
        tuple(actors), str(rng.choice(BACKGROUNDS)),
        int(rng.integers(2**31)))


def _angle(rng: np.random.Generator) -> float:
    return float(rng.uniform(-0.15, 0.15))


def _twice(value: float) -> Tuple[float, float]:
    return value, value


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
