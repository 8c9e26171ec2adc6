"""The toy world in the data sets of features: YouCook2, MSRVTT and CMU-MOSI.

Feature vectors of what is to be seen stand in the place of an S3D network.
Each thing that can be seen - a colour, a shape, a coloured shape, a deed, a
background, a smile - has a direction of its own: a unit vector drawn with the
thing's name as seed, the same in every data set. A second of video is the
weighted sum of the directions of what is seen in it, plus Gaussian noise in
every channel. From one second a thing is told with some errors, from a clip
nearly always.

The option ``feature_dim`` of each is D.

YouCook2. Five clips follow each other in a video, with pauses in which
nothing is to be seen. The transcript of a clip gives a part of its caption
away.

* ``youcookii_{train,val,test}.csv``: ``video_id,feature_file``
* ``youcookii_data.transcript.pickle``: ``{video: {start, end, text,
  transcript}}``, arrays with one entry per clip, seconds
* ``youcookii_videos_features.pickle``: ``{video: (seconds, D)}``

MSRVTT as UniVL reads it. Splits go by position, as in MSRVTT: of the first
7010 videos seven ninths of the training videos come first, then the
validation videos, whose captions are in their csv only, then videos of which
nothing is known but the name. The other two ninths and the test videos
follow; they are the original test split, all with captions.

* ``MSRVTT_data.json``: ``{videos: [{video_id, transcript (of some)}],
  sentences: [{video_id, caption}]}``
* ``MSRVTT_train.9k.csv``: ``video_id``
* ``MSRVTT_JSFUSION_test.csv``, ``MSRVTT_val.csv``: ``video_id,sentence``
* ``msrvtt_videos_features.pickle``: ``{video: (seconds, D)}``

CMU-MOSI. Somebody talks about a scene that is to be seen beside their face.
The rating is a third from their words and two thirds from their face, which
disagree now and then.

* ``unaligned_50.pkl``: MMSA's form, ``{train, valid, test: {id, raw_text,
  annotations, classification_labels, regression_labels}}``; ids are
  ``<video>$_$<number>``. MMSA's own features are left out.
* ``mosi_s3d_features.pickle``: ``{id: (seconds, D)}``
"""
import os.path as osp
import zlib
from functools import lru_cache
from typing import Callable, Dict, Iterable, List, Sequence, Tuple

import numpy as np

from meltr_mm.datasets.feature_datasets import NUM_TRAINING_VIDEOS

from .language import Opinion, describe, expressions, narrate, opine
from .toy_data_set import ToyDataSet, write_csv, write_json, write_pickle
from .world import SPLITS, Clip, Scene, imagine_clips

# Of each channel. The direction of a thing has length 1 in all channels.
NOISE = 0.4
# What moves is seen better than what rests, and that better than a texture.
ACTING, RESTING, BACKGROUND = 1., 0.5, 0.5


def things_in(scene: Scene) -> Dict[str, float]:
    """List what is to be seen in a scene.

    Args:
        scene (Scene): The scene.

    Returns:
        dict[str, float]: Names, such as ``'red'``, ``'circle'``, ``'red
        circle'``, ``'moving left'`` and ``'stripes'``, with their weights.
        One actor's colour and shape add to those of another.
    """
    things = {scene.background: BACKGROUND}
    for actor in scene.actors:
        weight = RESTING if actor.deed == 'resting' else ACTING
        for name in (actor.colour, actor.shape,
                     f'{actor.colour} {actor.shape}'):
            things[name] = things.get(name, 0.) + weight
    acting = scene.actors[0]
    things[f'{acting.deed} {acting.direction or ""}'.strip()] = ACTING
    return things


def feature_vectors(seconds: Sequence[Dict[str, float]],
                    rng: np.random.Generator, feature_dim: int) -> np.ndarray:
    """Compute the features of a video.

    Args:
        seconds (Sequence[dict[str, float]]): What is seen in each second,
            with weights.
        rng (np.random.Generator): Source of the noise.
        feature_dim (int): D, the width.

    Returns:
        np.ndarray: One vector per second, (T, D), float32.
    """
    features = rng.normal(scale=NOISE, size=(len(seconds), feature_dim))
    for row, things in zip(features, seconds):
        for name, weight in things.items():
            row += weight * direction(name, feature_dim)
    return features.astype(np.float32)


@lru_cache(None)
def direction(name: str, feature_dim: int) -> np.ndarray:
    """The direction of a thing.

    Args:
        name (str): The thing.
        feature_dim (int): D.

    Returns:
        np.ndarray: Unit vector (D,), which callers must not change.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    vector = rng.normal(size=feature_dim)
    return vector / np.linalg.norm(vector)


CLIPS_PER_VIDEO = 5
# Seconds, both ends included.
_CLIP_LENGTH = (4, 8)
_PAUSE = (1, 3)


def _fill_youcook2(root: str, clips: Dict[str, List[Clip]],
                   progress: Callable[[list], Iterable],
                   feature_dim: int) -> None:
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
            *_CLIP_LENGTH, endpoint=True)
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
    'youcook2', version=1, fill=_fill_youcook2, options=dict(feature_dim=64))


# A video has 20 in MSRVTT.
CAPTIONS = 3
# Of the training videos; the rest is in the 9k list only.
_SHARE_OF_7K = 7 / 9
# Two of five videos of MSRVTT have speech that was understood.
_SHARE_WITH_TRANSCRIPT = 0.4
_VIDEO_LENGTH = (5, 12)  # seconds, both included


def _fill_msrvtt(root: str, clips: Dict[str, List[Clip]],
                 progress: Callable[[list], Iterable],
                 feature_dim: int) -> None:
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
            *_VIDEO_LENGTH, endpoint=True)
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


def _imagine_msrvtt(seed: int, sizes: Dict[str, int]) -> Dict[str, List[Clip]]:
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
    fill=_fill_msrvtt,
    imagine=_imagine_msrvtt,
    options=dict(feature_dim=64))


_NAMES = dict(train='train', val='valid', test='test')
_CLASSES = ('Negative', 'Neutral', 'Positive')
UTTERANCES_PER_VIDEO = 10
_UTTERANCE_LENGTH = (3, 6)  # seconds, both included


def _fill_cmu_mosi(root: str, clips: Dict[str, List[Clip]],
                   progress: Callable[[list], Iterable],
                   feature_dim: int) -> None:
    named = [(split, name, clip) for split in SPLITS
             for name, clip in zip(_ids(clips[split]), clips[split])]
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
    length = int(rng.integers(*_UTTERANCE_LENGTH, endpoint=True))
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
    'cmu_mosi', version=1, fill=_fill_cmu_mosi, options=dict(feature_dim=64))
