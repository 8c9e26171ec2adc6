"""The clips of a toy world: scenes, names and splits."""
import zlib
from dataclasses import dataclass
from typing import Callable, Dict, List

import numpy as np

from .world import FPS, FRAMES, Scene, imagine_scene, imagine_scenes

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
