"""The toy world in the files of MSRVTT that UniVL reads.

* ``MSRVTT_data.json``: ``{videos: [{video_id, transcript (of some)}],
  sentences: [{video_id, caption}]}``
* ``MSRVTT_train.9k.csv``: ``video_id``
* ``MSRVTT_JSFUSION_test.csv``, ``MSRVTT_val.csv``: ``video_id,sentence``
* ``msrvtt_videos_features.pickle``: ``{video: (seconds, D)}``, see
  :mod:`meltr_mm.toyworld.features`

Splits go by position, as in MSRVTT: of the first 7010 videos seven ninths of
the training videos come first, then the validation videos, whose captions are
in their csv only, then videos of which nothing is known but the name. The
other two ninths and the test videos follow; they are the original test split,
all with captions.

The option ``feature_dim`` is D.
"""
import os.path as osp
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.msrvtt_feature_dataset import NUM_TRAINING_VIDEOS

from .captions import describe
from .clips import SPLITS, Clip, imagine_clips
from .features import feature_vectors, things_in
from .folder import write_csv, write_json, write_pickle
from .toy_data_set import ToyDataSet
from .transcripts import narrate

# A video has 20 in MSRVTT.
CAPTIONS = 3
# Of the training videos; the rest is in the 9k list only.
_SHARE_OF_7K = 7 / 9
# Two of five videos of MSRVTT have speech that was understood.
_SHARE_WITH_TRANSCRIPT = 0.4
_LENGTH = (5, 12)  # seconds, both included


def _fill(root: str, clips: Dict[str, List[Clip]],
          progress: Callable[[list], Iterable], feature_dim: int) -> None:
    train, val, test = (clips[split] for split in SPLITS)
    in_7k = round(_SHARE_OF_7K * len(train))
    unknown = NUM_TRAINING_VIDEOS - in_7k - len(val)
    places = [*train[:in_7k], *val, *[None] * unknown, *train[in_7k:], *test]
    names = {
        clip.name: f'video{place}'
        for place, clip in enumerate(places) if clip is not None
    }
    captions, features, transcripts = {}, {}, {}
    for clip in progress([*train, *val, *test]):
        name, rng = names[clip.name], np.random.default_rng(clip.seed)
        captions[name] = describe(clip.scene, rng, CAPTIONS)
        if rng.random() < _SHARE_WITH_TRANSCRIPT:
            transcripts[name] = narrate(clip.scene, rng)
        seconds = [things_in(clip.scene)] * rng.integers(
            *_LENGTH, endpoint=True)
        features[name] = feature_vectors(seconds, rng, feature_dim)
    write_pickle(osp.join(root, 'msrvtt_videos_features.pickle'), features)

    videos = [dict(video_id=f'video{place}') for place in range(len(places))]
    for video in videos:
        if video['video_id'] in transcripts:
            video['transcript'] = transcripts[video['video_id']]
    write_json(
        osp.join(root, 'MSRVTT_data.json'),
        dict(
            videos=videos,
            sentences=[
                dict(video_id=names[clip.name], caption=caption)
                for clip in [*train, *test]
                for caption in captions[names[clip.name]]
            ]))
    write_csv(
        osp.join(root, 'MSRVTT_train.9k.csv'), ('video_id', ),
        [(names[clip.name], ) for clip in train])
    for file, part in (('MSRVTT_val.csv', val),
                       ('MSRVTT_JSFUSION_test.csv', test)):
        rows = [(names[clip.name], captions[names[clip.name]][0])
                for clip in part]
        write_csv(osp.join(root, file), ('video_id', 'sentence'), rows)


def _imagine(seed: int, sizes: Dict[str, int]) -> Dict[str, List[Clip]]:
    in_7k = round(_SHARE_OF_7K * sizes['train'])
    if in_7k + sizes['val'] > NUM_TRAINING_VIDEOS:
        raise ValueError(
            f'seven ninths of the training clips and the validation clips '
            f'must be at most {NUM_TRAINING_VIDEOS} together, but are {in_7k}'
            f' and {sizes["val"]}; choose smaller sizes')
    return imagine_clips(seed, sizes)


write_msrvtt_feature = ToyDataSet(
    'msrvtt_feature',
    version=1,
    fill=_fill,
    imagine=_imagine,
    options=dict(feature_dim=64))
