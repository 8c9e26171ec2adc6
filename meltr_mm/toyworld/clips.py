"""The clips of a toy world: scenes, names and splits."""
import zlib
from dataclasses import dataclass
from typing import Dict, List

import numpy as np

from .world import FPS, FRAMES, Scene, imagine_scenes

SPLITS = ('train', 'val', 'test')
_LETTERS = np.array(
    list('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'))


@dataclass(frozen=True)
class Clip:
    """One clip of a data set.

    Attributes:
        name (str): ``<id>_<start>_<end>`` like the clips of MSVD: eleven
            characters, and seconds.
        scene (Scene): What it shows.
        seed (tuple[int, ...]): Seed of whatever is said about it.
    """

    name: str
    scene: Scene
    seed: tuple


def imagine_clips(seed: int, sizes: Dict[str, int]) -> Dict[str, List[Clip]]:
    """Choose the clips of every split.

    Every signature belongs to one split: what is held out is always a new
    combination of actors, deeds and background. Within a split signatures
    recur, with other places, sizes and textures, so that all splits are
    drawn from the same distribution.

    Args:
        seed (int): Decides everything.
        sizes (dict[str, int]): Number of clips of each split.

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
                ends, _lot(seed, signature) * ends[-1], side='right'))
        clips[split] = [
            # From 1 on: numpy pads seeds with zeros, so that a last number of
            # 0 would repeat the generator of the split.
            Clip(_name(rng), scene, (seed, number, i))
            for i, scene in enumerate(scenes, 1)
        ]
    return clips


def _lot(seed: int, signature: tuple) -> float:
    """A number in [0, 1) that looks random, the same on every machine."""
    return zlib.crc32(f'{seed} {signature}'.encode()) / 2**32


def _name(rng: np.random.Generator) -> str:
    identity = ''.join(rng.choice(_LETTERS, size=11))
    start = int(rng.integers(200))
    return f'{identity}_{start}_{start + FRAMES // FPS}'
