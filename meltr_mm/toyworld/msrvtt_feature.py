"""The toy world in the files of MSRVTT that UniVL reads."""
import os.path as osp
from functools import partial
from typing import Callable, Dict, Iterable, List

import numpy as np

from meltr_mm.datasets.msrvtt_feature_dataset import NUM_TRAINING_VIDEOS

from .captions import describe
from .clips import SPLITS, Clip, imagine_clips
from .features import feature_vectors, things_in
from .folder import write_csv, write_folder, write_json, write_pickle
from .transcripts import narrate

# Raised when the same arguments give other files than before.
VERSION = 1

# A video has 20 in MSRVTT.
CAPTIONS = 3
# Of the training videos; the rest is in the 9k list only.
_SHARE_OF_7K = 7 / 9
# Two of five videos of MSRVTT have speech that was understood.
_SHARE_WITH_TRANSCRIPT = 0.4
_LENGTH = (5, 12)  # seconds, both included


def write_msrvtt_feature(
        root: str,
        seed: int = 0,
        sizes: Dict[str, int] = dict(train=1000, val=60, test=160),  # noqa: B006, E501
        feature_dim: int = 64,
        progress: Callable[[list], Iterable] = iter) -> bool:
    """Write a toy data set in the file formats of UniVL's MSRVTT.

    * ``MSRVTT_data.json``: ``{videos: [{video_id, transcript (of some)}],
      sentences: [{video_id, caption}]}``
    * ``MSRVTT_train.9k.csv``: ``video_id``
    * ``MSRVTT_JSFUSION_test.csv``, ``MSRVTT_val.csv``:
      ``video_id,sentence``
    * ``msrvtt_videos_features.pickle``: ``{video: (seconds, D)}``, see
      :mod:`meltr_mm.toyworld.features`

    Splits go by position, as in MSRVTT: of the first 7010 videos seven ninths
    of the training videos come first, then the validation videos, whose
    captions are in their csv only, then videos of which nothing is known but
    the name. The other two ninths and the test videos follow; they are the
    original test split, all with captions. A second call with the same
    arguments writes nothing.

    Args:
        root (str): The folder.
        seed (int): Decides everything. Defaults to 0.
        sizes (dict[str, int]): Number of clips of ``'train'``, ``'val'`` and
            ``'test'``. Defaults to 1000, 60 and 160.
        feature_dim (int): D. Defaults to 64.
        progress (Callable): Wraps the list of videos, to show progress, e.g.
            ``tqdm``. Defaults to ``iter``.

    Returns:
        bool: Whether anything was written.

    Raises:
        FileExistsError: See
            :func:`~meltr_mm.toyworld.folder.write_folder`.
        ValueError: If more than 7010 videos had to come first.
    """
    arguments = dict(
        version=VERSION,
        dataset='msrvtt_feature',
        seed=seed,
        sizes={split: sizes[split] for split in SPLITS},
        feature_dim=feature_dim)
    in_7k = round(_SHARE_OF_7K * sizes['train'])
    if in_7k + sizes['val'] > NUM_TRAINING_VIDEOS:
        raise ValueError(
            f'seven ninths of the training clips and the validation clips '
            f'must be at most {NUM_TRAINING_VIDEOS} together, but are {in_7k}'
            f' and {sizes["val"]}; choose smaller sizes')
    clips = imagine_clips(seed, sizes)
    return write_folder(
        root, arguments,
        partial(
            _fill,
            clips=clips,
            in_7k=in_7k,
            feature_dim=feature_dim,
            progress=progress))


def _fill(root: str, clips: Dict[str, List[Clip]], in_7k: int,
          feature_dim: int, progress: Callable[[list], Iterable]) -> None:
    train, val, test = (clips[split] for split in SPLITS)
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
