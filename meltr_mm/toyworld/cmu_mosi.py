"""The toy world in the files of CMU-MOSI.

* ``unaligned_50.pkl``: MMSA's form, ``{train, valid, test: {id, raw_text,
  annotations, classification_labels, regression_labels}}``; ids are
  ``<video>$_$<number>``. MMSA's own features are left out.
* ``mosi_s3d_features.pickle``: ``{id: (seconds, D)}``, see
  :mod:`meltr_mm.toyworld.features`

Somebody talks about a scene that is to be seen beside their face. The rating
is a third from their words and two thirds from their face, which disagree now
and then.

The option ``feature_dim`` is D.
"""
import os.path as osp
from typing import Callable, Dict, Iterable, List, Tuple

import numpy as np

from .clips import SPLITS, Clip
from .features import feature_vectors, things_in
from .folder import write_pickle
from .opinions import Opinion, expressions, opine
from .toy_data_set import ToyDataSet

_NAMES = dict(train='train', val='valid', test='test')
_CLASSES = ('Negative', 'Neutral', 'Positive')
UTTERANCES_PER_VIDEO = 10
_LENGTH = (3, 6)  # seconds, both included


def _fill(root: str, clips: Dict[str, List[Clip]],
          progress: Callable[[list], Iterable], feature_dim: int) -> None:
    named = [(split, name, clip) for split in SPLITS
             for name, clip in zip(
                 _ids(clips[split]), clips[split])]
    spoken: Dict[str, Dict[str, Opinion]] = {split: {} for split in SPLITS}
    features = {}
    for split, name, clip in progress(named):
        spoken[split][name], features[name] = utter(clip, feature_dim)
    write_pickle(
        osp.join(root, 'unaligned_50.pkl'),
        {_NAMES[split]: _annotations(spoken[split]) for split in SPLITS})
    write_pickle(osp.join(root, 'mosi_s3d_features.pickle'), features)


def utter(clip: Clip, feature_dim: int) -> Tuple[Opinion, np.ndarray]:
    """Let somebody talk about a clip.

    Args:
        clip (Clip): The clip.
        feature_dim (int): D.

    Returns:
        tuple[Opinion, np.ndarray]: What is said, and the features of scene
        and face, (seconds, D).
    """
    rng = np.random.default_rng(clip.seed)
    opinion = opine(clip.scene, rng)
    length = int(rng.integers(*_LENGTH, endpoint=True))
    seconds = [
        {**things_in(clip.scene), **expression}
        for expression in expressions(opinion.face, length, rng)
    ]
    return opinion, feature_vectors(seconds, rng, feature_dim)


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


write_cmu_mosi = ToyDataSet(
    'cmu_mosi', version=1, fill=_fill, options=dict(feature_dim=64))
