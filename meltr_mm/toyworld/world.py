"""What can happen in a toy clip, and the seeded choice of what does.

A scene is a textured background and one to three actors. The actors of a
scene differ in colour and in shape, so that either names one of them. The
first actor acts: it moves in one of four directions, turns, grows or shrinks;
the others rest. A clip is a scene with a name, and belongs to a split. All of
it is plain data; drawing and asking are elsewhere.

Lengths are pixels, angles radians, x points right and y down.
"""
import zlib
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np

WIDTH, HEIGHT = 112, 96
FRAMES, FPS = 24, 12

COLOURS = dict(
    red=(222, 40, 40),
    yellow=(240, 226, 60),
    green=(40, 168, 60),
    blue=(40, 84, 226))
SHAPES = ('circle', 'square', 'triangle')
DIRECTIONS = dict(left=(-1, 0), right=(1, 0), up=(0, -1), down=(0, 1))
DEEDS = ('moving', 'turning', 'growing', 'shrinking')
BACKGROUNDS = ('plain', 'gradient', 'stripes', 'checks', 'clouds')

# Moving comes in four directions, which must be asked about often enough.
_DEED_CHANCES = (0.55, 0.15, 0.15, 0.15)
_ACTOR_CHANCES = (0.6, 0.25, 0.15)
_RADIUS = (18.0, 21.0)
_TRAVEL = dict(left=(48, 68), right=(48, 68), up=(42, 54), down=(42, 54))
_GROWTH = (0.72, 1.4)
# Between two of four frames 39 to 55 degrees: less than what maps any shape
# but the circle onto itself.
_TURN = (np.pi, 1.4 * np.pi)


@dataclass(frozen=True)
class Actor:
    """One coloured shape and what it does from the first frame to the last.

    Attributes:
        shape (str): One of ``SHAPES``.
        colour (str): A key of ``COLOURS``.
        deed (str): One of ``DEEDS``, or ``'resting'``.
        direction (str, optional): A key of ``DIRECTIONS`` if it moves.
        start (tuple[float, float]): Centre in the first frame.
        end (tuple[float, float]): Centre in the last frame.
        radii (tuple[float, float]): Radius of the circle around it, in the
            first and in the last frame.
        angles (tuple[float, float]): Its angle then.
    """

    shape: str
    colour: str
    deed: str
    direction: Optional[str]
    start: Tuple[float, float]
    end: Tuple[float, float]
    radii: Tuple[float, float]
    angles: Tuple[float, float]

    def pose(self, time: float) -> Tuple[np.ndarray, float, float]:
        """Where it is at a time.

        Args:
            time (float): 0 = first frame, 1 = last frame.

        Returns:
            tuple[np.ndarray, float, float]: Centre (2,), radius, angle.
        """
        ends = np.array([1 - time, time])
        centre = ends @ np.array([self.start, self.end])
        return centre, float(ends @ self.radii), float(ends @ self.angles)


@dataclass(frozen=True)
class Scene:
    """One clip.

    Attributes:
        actors (tuple[Actor, ...]): The acting one first.
        background (str): One of ``BACKGROUNDS``.
        texture_seed (int): Seed of the details of the background.
    """

    actors: Tuple[Actor, ...]
    background: str
    texture_seed: int

    @property
    def signature(self) -> tuple:
        """tuple: What is to be seen, without places and sizes."""
        looks = sorted((a.shape, a.colour, a.deed, a.direction or '')
                       for a in self.actors)
        return (self.background, *looks)


def imagine_scene(rng: np.random.Generator) -> Scene:
    """Choose one scene.

    Args:
        rng (np.random.Generator): Source of every choice.

    Returns:
        Scene: A scene in which no actor ever covers another.
    """
    number = int(rng.choice(3, p=_ACTOR_CHANCES)) + 1
    shapes = rng.permutation(len(SHAPES))[:number]
    colours = rng.permutation(len(COLOURS))[:number]
    names = [(SHAPES[s], list(COLOURS)[c])
             for s, c in zip(shapes, colours)]
    deed = str(rng.choice(DEEDS, p=_DEED_CHANCES))
    direction = str(rng.choice(list(DIRECTIONS)))
    while True:
        actors = [_acting(rng, *names[0], deed, direction)]
        actors += [_resting(rng, *name) for name in names[1:]]
        if not _any_contact(actors):
            break
    return Scene(
        tuple(actors), str(rng.choice(BACKGROUNDS)),
        int(rng.integers(2**31)))


def imagine_scenes(
    rng: np.random.Generator,
    count: int,
    wanted: Callable[[tuple], bool],
    imagine: Callable[[np.random.Generator], Scene] = imagine_scene
) -> List[Scene]:
    """Choose scenes.

    Args:
        rng (np.random.Generator): Source of every choice.
        count (int): Number of scenes.
        wanted (Callable): Whether a signature may be used.
        imagine (Callable): Chooses a scene. Defaults to
            :func:`imagine_scene`.

    Returns:
        list[Scene]: The scenes, distributed as ``imagine`` draws them.
    """
    scenes: List[Scene] = []
    while len(scenes) < count:
        scene = imagine(rng)
        if wanted(scene.signature):
            scenes.append(scene)
    return scenes


def _acting(rng: np.random.Generator, shape: str, colour: str, deed: str,
            direction: str) -> Actor:
    radius = rng.uniform(*_RADIUS)
    angle = _upright(rng)
    radii, angles, shift = (radius, radius), (angle, angle), np.zeros(2)
    if deed == 'moving':
        travel = rng.uniform(*_TRAVEL[direction])
        shift = travel * np.array(DIRECTIONS[direction])
    elif deed == 'turning':
        turn = rng.uniform(*_TURN) * rng.choice([-1, 1])
        angles = (angle, angle + turn)
    else:
        # The smallest is still a quarter of the frame's height across.
        small, large = (radius * factor for factor in _GROWTH)
        radii = (small, large) if deed == 'growing' else (large, small)
    start = _place(rng, max(radii), shift)
    return Actor(shape, colour, deed,
                 direction if deed == 'moving' else None, tuple(start),
                 tuple(start + shift), radii, angles)


def _resting(rng: np.random.Generator, shape: str, colour: str) -> Actor:
    radius = rng.uniform(*_RADIUS)
    centre = tuple(_place(rng, radius, np.zeros(2)))
    angle = _upright(rng)
    return Actor(shape, colour, 'resting', None, centre, centre,
                 (radius, radius), (angle, angle))


def _upright(rng: np.random.Generator) -> float:
    # Shapes stand nearly upright, or a square would pass for a diamond.
    return float(rng.uniform(-0.15, 0.15))


def _place(rng: np.random.Generator, radius: float,
           shift: np.ndarray) -> np.ndarray:
    low = radius + np.maximum(-shift, 0)
    high = np.array([WIDTH, HEIGHT]) - radius - np.maximum(shift, 0)
    return rng.uniform(low, high)


def _any_contact(actors: List[Actor]) -> bool:
    acting = actors[0]
    pairs = [(acting, other) for other in actors[1:]]
    pairs += [tuple(actors[1:])] if len(actors) == 3 else []
    for time in np.linspace(0, 1, 9):
        for one, other in pairs:
            centre, radius, _ = one.pose(time)
            other_centre, other_radius, _ = other.pose(time)
            gap = np.linalg.norm(centre - other_centre)
            if gap < radius + other_radius:
                return True
    return False


SPLITS = ('train', 'val', 'test')
_LETTERS = np.array(
    list('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'))


@dataclass(frozen=True)
class Clip:
    """One clip of a data set.

    Attributes:
        name (str): Its name, without ending.
        scene (Scene): What it shows.
        seed (tuple[int, ...]): Seed of whatever is said about it.
    """

    name: str
    scene: Scene
    seed: tuple


def name_like_youtube(rng: np.random.Generator) -> str:
    """Make a name like those of MSVD, ``<id>_<start>_<end>``.

    Args:
        rng (np.random.Generator): Source of every choice.

    Returns:
        str: Eleven characters, and seconds.
    """
    identity = ''.join(rng.choice(_LETTERS, size=11))
    start = int(rng.integers(200))
    return f'{identity}_{start}_{start + FRAMES // FPS}'


def imagine_clips(
    seed: int,
    sizes: Dict[str, int],
    imagine: Callable[[np.random.Generator], Scene] = imagine_scene,
    name: Callable[[np.random.Generator], str] = name_like_youtube
) -> Dict[str, List[Clip]]:
    """Choose the clips of every split.

    Every signature belongs to one split: what is held out is always a new
    combination of actors, deeds and background. Within a split signatures
    recur, with other places, sizes and textures, so that all splits are
    drawn from the same distribution.

    Args:
        seed (int): Decides everything.
        sizes (dict[str, int]): Number of clips of each split.
        imagine (Callable): Chooses a scene. Defaults to
            :func:`~meltr_mm.toyworld.world.imagine_scene`.
        name (Callable): Makes a name. Defaults to
            :func:`name_like_youtube`.

    Returns:
        dict[str, list[Clip]]: The clips of each split.
    """
    clips: Dict[str, List[Clip]] = {}
    for number, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, number])
        scenes = _scenes(seed, sizes, split, sizes[split], rng, imagine)
        clips[split] = [
            Clip(name(rng), scene, _seed_of(seed, split, i))
            for i, scene in enumerate(scenes)
        ]
    return clips


def first_clips(seed: int, sizes: Dict[str, int], split: str,
                count: int) -> List[Clip]:
    """Choose the first few clips of a split, at once.

    Args:
        seed (int): See :func:`imagine_clips`.
        sizes (dict[str, int]): Likewise.
        split (str): 'train', 'val' or 'test'.
        count (int): How many.

    Returns:
        list[Clip]: The scenes that :func:`imagine_clips` begins the split
        with, called 'clip_1', 'clip_2', ...
    """
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    scenes = _scenes(seed, sizes, split, count, rng, imagine_scene)
    return [Clip(f'clip_{i + 1}', scene, _seed_of(seed, split, i))
            for i, scene in enumerate(scenes)]


def _scenes(seed: int, sizes: Dict[str, int], split: str, count: int,
            rng: np.random.Generator, imagine: Callable) -> List[Scene]:
    ends = np.cumsum([sizes[name] for name in SPLITS])
    return imagine_scenes(
        rng, count,
        lambda signature: SPLITS.index(split) == np.searchsorted(
            ends, _lot(seed, signature) * ends[-1], side='right'),
        imagine)


def _seed_of(seed: int, split: str, place: int) -> tuple:
    # From 1 on: numpy pads seeds with zeros, so that a last number of 0 would
    # repeat the generator of the split.
    return (seed, SPLITS.index(split), place + 1)


def _lot(seed: int, signature: tuple) -> float:
    """A number in [0, 1) that looks random, the same on every machine."""
    return zlib.crc32(f'{seed} {signature}'.encode()) / 2**32
