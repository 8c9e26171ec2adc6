"""The toy world in the files of CMU-MOSI."""
import os.path as osp
from functools import partial
from typing import Callable, Dict, Iterable, List

import numpy as np

from .clips import SPLITS, Clip, imagine_clips
from .features import feature_vectors, things_in
from .folder import write_folder, write_pickle
from .opinions import Opinion, expressions, opine

# Raised when the same arguments give other files than before.
VERSION = 1

_NAMES = dict(train='train', val='valid', test='test')
_CLASSES = ('Negative', 'Neutral', 'Positive')
UTTERANCES_PER_VIDEO = 10
_LENGTH = (3, 6)  # seconds, both included


def write_cmu_mosi(root: str,
                   seed: int = 0,
                   sizes: Dict[str, int] = dict(train=1000, val=60, test=160),  # noqa: B006, E501
                   feature_dim: int = 64,
                   progress: Callable[[list], Iterable] = iter) -> bool:
    """Write a toy data set in the file formats of CMU-MOSI.

    * ``unaligned_50.pkl``: MMSA's form, ``{train, valid, test: {id,
      raw_text, annotations, classification_labels, regression_labels}}``;
      ids are ``<video>$_$<number>``. MMSA's own features are left out.
    * ``mosi_s3d_features.pickle``: ``{id: (seconds, D)}``, see
      :mod:`meltr_mm.toyworld.features`

    Somebody talks about a scene that is to be seen beside their face. The
    rating is a third from their words and two thirds from their face, which
    disagree now and then. A second call with the same arguments writes
    nothing.

    Args:
        root (str): The folder.
        seed (int): Decides everything. Defaults to 0.
        sizes (dict[str, int]): Number of utterances of ``'train'``,
            ``'val'`` and ``'test'``. Defaults to 1000, 60 and 160.
        feature_dim (int): D. Defaults to 64.
        progress (Callable): Wraps the list of utterances, to show progress,
            e.g. ``tqdm``. Defaults to ``iter``.

    Returns:
        bool: Whether anything was written.

    Raises:
        FileExistsError: See
            :func:`~meltr_mm.toyworld.folder.write_folder`.
    """
    arguments = dict(
        version=VERSION,
        dataset='cmu_mosi',
        seed=seed,
        sizes={split: sizes[split] for split in SPLITS},
        feature_dim=feature_dim)
    clips = imagine_clips(seed, sizes)
    return write_folder(
        root, arguments,
        partial(
            _fill, clips=clips, feature_dim=feature_dim, progress=progress))


def _fill(root: str, clips: Dict[str, List[Clip]], feature_dim: int,
          progress: Callable[[list], Iterable]) -> None:
    named = [(split, name, clip) for split in SPLITS
             for name, clip in zip(
                 _ids(clips[split]), clips[split], strict=True)]
    spoken: Dict[str, Dict[str, Opinion]] = {split: {} for split in SPLITS}
    features = {}
    for split, name, clip in progress(named):
        rng = np.random.default_rng(clip.seed)
        opinion = spoken[split][name] = opine(clip.scene, rng)
        length = int(rng.integers(*_LENGTH, endpoint=True))
        seconds = [
            things_in(clip.scene) | expression
            for expression in expressions(opinion.face, length, rng)
        ]
        features[name] = feature_vectors(seconds, rng, feature_dim)
    write_pickle(
        osp.join(root, 'unaligned_50.pkl'),
        {_NAMES[split]: _annotations(spoken[split]) for split in SPLITS})
    write_pickle(osp.join(root, 'mosi_s3d_features.pickle'), features)


def _ids(clips: List[Clip]) -> List[str]:
    ids = []
    for number, clip in enumerate(clips):
        if number % UTTERANCES_PER_VIDEO == 0:
            video = clip.name.rsplit('_', 2)[0]
        ids.append(f'{video}$_${number % UTTERANCES_PER_VIDEO + 1}')
    return ids


def _annotations(spoken: Dict[str, Opinion]) -> Dict[str, object]:
    ratings = np.array([opinion.rating for opinion in spoken.values()],
                       dtype=np.float32)
    classes = (np.sign(ratings) + 1).astype(np.int64)
    return dict(
        id=list(spoken),
        raw_text=[opinion.text for opinion in spoken.values()],
        annotations=[_CLASSES[label] for label in classes],
        classification_labels=classes,
        regression_labels=ratings)
