"""The clips of a toy world: scenes, names and splits."""
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

    The scenes of two splits are disjoint by signature: what is held out is
    always a new combination of actors, deeds and background.

    Args:
        seed (int): Decides everything.
        sizes (dict[str, int]): Number of clips of each split.

    Returns:
        dict[str, list[Clip]]: The clips of each split.
    """
    taken: set = set()
    clips: Dict[str, List[Clip]] = {}
    for number, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, number])
        scenes = imagine_scenes(rng, sizes[split], taken)
        clips[split] = [
            # From 1 on: numpy pads seeds with zeros, so that a last number of
            # 0 would repeat the generator of the split.
            Clip(_name(rng), scene, (seed, number, i))
            for i, scene in enumerate(scenes, 1)
        ]
    return clips


def _name(rng: np.random.Generator) -> str:
    identity = ''.join(rng.choice(_LETTERS, size=11))
    start = int(rng.integers(200))
    return f'{identity}_{start}_{start + FRAMES // FPS}'
