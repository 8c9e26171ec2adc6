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
    ends = np.cumsum([sizes[split] for split in SPLITS])
    clips: Dict[str, List[Clip]] = {}
    for number, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, number])
        scenes = imagine_scenes(
            rng, sizes[split],
            lambda signature, number=number: number == np.searchsorted(
                ends, _lot(seed, signature) * ends[-1], side='right'),
            imagine)
        clips[split] = [
            # From 1 on: numpy pads seeds with zeros, so that a last number of
            # 0 would repeat the generator of the split.
            Clip(name(rng), scene, (seed, number, i))
            for i, scene in enumerate(scenes, 1)
        ]
    return clips


def _lot(seed: int, signature: tuple) -> float:
    """A number in [0, 1) that looks random, the same on every machine."""
    return zlib.crc32(f'{seed} {signature}'.encode()) / 2**32
