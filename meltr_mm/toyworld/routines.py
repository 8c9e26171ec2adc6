"""Actors that repeat an act, or do one thing after another.

TGIF-QA asks what somebody does so many times, and what somebody does before
or after something else. Here a performer stands on the ground and goes
through a routine of one or two acts, each done a number of times, in equal
shares of the clip. Lengths are pixels, angles radians.
"""
from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from .world import BACKGROUNDS, COLOURS, HEIGHT, SHAPES, WIDTH, Actor, Scene

VERBS = ('jump', 'swing', 'spin', 'swell', 'shrink')
# With these and the lead below, an act shows in two of three even frames.
TIMES = (2, 3, 4)

# The clip begins a little after the routine: else the frames before and after
# the middle would be the same, and a GIF keeps only one of such a pair.
_LEAD = 0.06

_PAIR_CHANCE = 0.3
_RADIUS = (15.0, 17.0)
_JUMP, _SWELL, _SHRINK = 40.0, 1.5, 0.5
# To either side; two performers share it, or they would meet.
_SWING = 22.0
# How far a performer that is alone may stand from the middle.
_SLACK = 6.0


@dataclass(frozen=True)
class Performer(Actor):
    """An actor with a routine; ``start`` is where it stands.

    Attributes:
        acts (tuple[tuple[str, int], ...]): What it does and how many times,
            in order.
        room (float): How far it swings to either side.
    """

    acts: Tuple[Tuple[str, int], ...]
    room: float

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
        turn = np.pi * times * (place % 1)
        height = abs(np.sin(turn))
        centre, radius = np.array(self.start), self.radii[0]
        angle = self.angles[0]
        if verb == 'jump':
            centre = centre - [0, _JUMP * height]
        elif verb == 'swing':
            centre = centre + [self.room * np.sin(turn), 0]
        elif verb == 'spin':
            angle += 2 * turn
        else:
            factor = _SWELL if verb == 'swell' else _SHRINK
            radius *= 1 + (factor - 1) * height
        return centre, float(radius), float(angle)


def imagine_repetition(rng: np.random.Generator) -> Scene:
    """Choose a scene in which each performer does one thing several times.

    Args:
        rng (np.random.Generator): Source of every choice.

    Returns:
        Scene: One performer, or two that differ in colour, shape, act and
        number of times.
    """
    number = 1 + int(rng.random() < _PAIR_CHANCE)
    verbs = rng.permutation(VERBS)[:number]
    times = rng.permutation(TIMES)[:number]
    return _stage(rng, [((str(verb), int(count)), )
                        for verb, count in zip(verbs, times, strict=True)])


def imagine_transition(rng: np.random.Generator) -> Scene:
    """Choose a scene in which a performer does one thing after another.

    Args:
        rng (np.random.Generator): Source of every choice.

    Returns:
        Scene: One performer with two different acts, each done once.
    """
    first, second = rng.permutation(VERBS)[:2]
    return _stage(rng, [((str(first), 1), (str(second), 1))])


def _stage(rng: np.random.Generator, routines: List[tuple]) -> Scene:
    shapes = rng.permutation(SHAPES)
    colours = rng.permutation(list(COLOURS))
    number = len(routines)
    # Far enough apart for a swing towards, or swelling beside, each other.
    width = WIDTH / number
    actors = []
    for i, acts in enumerate(routines):
        radius = rng.uniform(*_RADIUS)
        slack = _SLACK if number == 1 else 0.
        x = width * (i + 0.5) + rng.uniform(-slack, slack)
        y = HEIGHT - _SWELL * radius
        angle = rng.uniform(-0.15, 0.15)
        deed = ' then '.join(f'{verb} {times}' for verb, times in acts)
        actors.append(
            Performer(
                str(shapes[i]), str(colours[i]), deed, None, (x, y), (x, y),
                (radius, radius), (angle, angle), acts, _SWING / number))
    return Scene(
        tuple(actors), str(rng.choice(BACKGROUNDS)),
        int(rng.integers(2**31)))
