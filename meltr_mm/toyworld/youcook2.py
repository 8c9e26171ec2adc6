"""The toy world in the files of YouCook2.

* ``youcookii_{train,val,test}.csv``: ``video_id,feature_file``
* ``youcookii_data.transcript.pickle``: ``{video: {start, end, text,
  transcript}}``, arrays with one entry per clip, seconds
* ``youcookii_videos_features.pickle``: ``{video: (seconds, D)}``, see
  :mod:`meltr_mm.toyworld.features`

Five clips follow each other in a video, with pauses in which nothing is to be
seen. The transcript of a clip gives a part of its caption away.

The option ``feature_dim`` is D.
"""
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from .captions import describe
from .clips import SPLITS, Clip
from .features import feature_vectors, things_in
from .folder import write_csv, write_pickle
from .toy_data_set import ToyDataSet
from .transcripts import narrate

CLIPS_PER_VIDEO = 5
# Seconds, both ends included.
_LENGTH = (4, 8)
_PAUSE = (1, 3)


def _fill(root: str, clips: Dict[str, List[Clip]],
          progress: Callable[[list], Iterable], feature_dim: int) -> None:
    videos = []
    for split in SPLITS:
        parts = [
            clips[split][first:first + CLIPS_PER_VIDEO]
            for first in range(0, len(clips[split]), CLIPS_PER_VIDEO)
        ]
        # A video is named after its first clip, without the seconds.
        names = [part[0].name.rsplit('_', 2)[0] for part in parts]
        write_csv(
            osp.join(root, f'youcookii_{split}.csv'),
            ('video_id', 'feature_file'), [(name, name) for name in names])
        videos += zip(names, parts)
    data, features = {}, {}
    for name, part in progress(videos):
        data[name], features[name] = _film(part, feature_dim)
    write_pickle(osp.join(root, 'youcookii_data.transcript.pickle'), data)
    write_pickle(osp.join(root, 'youcookii_videos_features.pickle'), features)


def _film(clips: List[Clip], feature_dim: int) -> tuple:
    """Annotations and features of one video."""
    starts, ends, texts, transcripts, seconds = [], [], [], [], []
    for clip in clips:
        rng = np.random.default_rng(clip.seed)
        seconds += [{}] * rng.integers(*_PAUSE, endpoint=True)
        starts.append(len(seconds))
        seconds += [things_in(clip.scene)] * rng.integers(
            *_LENGTH, endpoint=True)
        ends.append(len(seconds) - 1)
        texts += describe(clip.scene, rng, 1)
        transcripts.append(narrate(clip.scene, rng))
    noise = np.random.default_rng((*clips[0].seed, 1))
    return dict(
        start=np.array(starts),
        end=np.array(ends),
        text=np.array(texts, dtype=object),
        transcript=np.array(transcripts, dtype=object)), feature_vectors(
            seconds, noise, feature_dim)


write_youcook2 = ToyDataSet(
    'youcook2', version=1, fill=_fill, options=dict(feature_dim=64))
