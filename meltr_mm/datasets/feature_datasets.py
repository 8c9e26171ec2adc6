"""Data sets whose videos are rows of a feature file."""
import re
from typing import Any, Dict, List, Optional

import torch
from mmaction.registry import DATASETS

from ..check_options import check_choice, check_text
from .data_files import (
    finite_number,
    load_video_table,
    nonempty_text,
    parallel_lists,
    read_json,
    read_table,
    require_keys,
)
from .msrvtt_video_datasets import splits_of
from .video_text_dataset import VideoTextDataset

ENCODER_TEXTS = ('caption', 'transcript')


class FeatureDataset(VideoTextDataset):
    """Text-video pairs; :class:`LoadVideoFeatures` finds the video.

    Each sample holds ``video_id`` and ``feature_id`` (str), the text that
    the encoder reads, ``text`` (str), where the data set has captions
    ``caption`` (str) and ``references`` (list[str]), and ``video_index``
    (int): for retrieval, samples of the same index are texts of one video,
    or of one ``clip`` of it; the indices count from 0.
    """

    def filter_data(self) -> List[dict]:
        """Number the videos in the order in which they appear."""
        samples = super().filter_data()
        numbers: Dict[tuple, int] = {}
        for sample in samples:
            key = sample['video_id'], sample.get('clip')
            sample['video_index'] = numbers.setdefault(key, len(numbers))
        return samples


@DATASETS.register_module()
class YouCook2Dataset(FeatureDataset):
    """One sample per annotated clip of the videos in a list.

    Files: ``youcookii_{train,val}.csv`` with the columns ``video_id`` and
    ``feature_file``; and a pickle ``{video_id: {start, end, text,
    transcript}}`` of equally long arrays, one entry per clip, times in
    seconds. In the public pickle every transcript is ``'NONE'``, which is
    read as that word.

    Beside what :class:`FeatureDataset` says, a sample holds ``start`` and
    ``end`` (float) and ``clip`` (int, its number in the video).

    Args:
        ann_file (str): The csv, relative to ``data_root``.
        data_file (str): The pickle, relative to ``data_root``.
        encoder_text (str): What the text encoder reads: ``'caption'``, for
            retrieval, or ``'transcript'``, for captioning. Defaults to
            ``'caption'``.
        **kwargs: See :class:`VideoTextDataset`.

    Raises:
        FileNotFoundError: For a missing folder or file.
        ForeignClassError: If the pickle holds more than plain data.
        ValueError: For malformed content; the message names the place.

    Example:
        >>> dict(
        ...     type='YouCook2Dataset',
        ...     data_root='data/youcook2',
        ...     ann_file='youcookii_val.csv',
        ...     data_file='youcookii_data.no_transcript.pickle',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='youcook2')

    def __init__(self,
                 ann_file: str,
                 data_file: str,
                 encoder_text: str = 'caption',
                 **kwargs) -> None:
        check_choice('encoder_text', encoder_text, ENCODER_TEXTS)
        check_text('data_file', data_file)
        self.data_file = data_file
        self.encoder_text = encoder_text
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read list and annotations; one sample per clip."""
        path = self.in_root(self.data_file)
        table = load_video_table(path)
        samples = []
        for row in read_table(self.ann_file, ('video_id', 'feature_file')):
            video_id = row['video_id']
            if video_id not in table:
                raise ValueError(
                    f'{path}: there are no annotations of the video '
                    f'{video_id!r} of {self.ann_file} among {len(table)} '
                    'videos. Both files must be of the same release.')
            where = f'{path}, video {video_id!r}'
            samples += self._clips(table[video_id], row, where)
        return samples

    def _clips(self, item: dict, row: dict, where: str) -> List[dict]:
        lists = parallel_lists(item, ['start', 'end', 'text', 'transcript'],
                               where)
        clips = []
        for clip, (start, end, caption, transcript) in enumerate(
                zip(*lists.values())):
            place = f'{where}, clip {clip}'
            caption = nonempty_text(caption, f'{place}, `text`')
            start = finite_number(start, f'{place}, `start`')
            end = finite_number(end, f'{place}, `end`')
            if not 0 <= start <= end:
                raise ValueError(
                    f'{place}: must start at 0 or later and end after that, '
                    f'but lasts from {start} to {end}.')
            if not isinstance(transcript, str):
                raise ValueError(
                    f'{place}, `transcript`: must be a text, but is '
                    f'{transcript!r}. Write "NONE" where there is none.')
            transcript = str(transcript)
            clips.append(
                dict(
                    video_id=row['video_id'],
                    feature_id=row['feature_file'],
                    clip=clip,
                    start=start,
                    end=end,
                    text=transcript
                    if self.encoder_text == 'transcript' else caption,
                    caption=caption,
                    references=[caption]))
        return clips


MOSI_SPLITS = ('train', 'valid', 'test')
LARGEST_RATING = 3.  # both ways


@DATASETS.register_module()
class CMUMOSIDataset(FeatureDataset):
    """Utterances with transcript and sentiment.

    File: ``unaligned_50.pkl`` or ``aligned_50.pkl`` of MMSA, a dict with the
    keys ``train``, ``valid`` and ``test``, each a dict of which ``id``,
    ``raw_text`` and ``regression_labels`` are read. Its 20 facial features
    per frame are not what UniVL takes: S3D features come from a pickle
    ``{id: (T, 1024)}``.

    Each sample holds ``video_id`` and ``feature_id`` (the id), ``text``
    (str), ``sentiment`` (Tensor (1,), float32) and ``video_index`` (int).

    Args:
        ann_file (str): The pickle, relative to ``data_root``.
        split (str): ``'train'``, ``'valid'`` or ``'test'``.
        **kwargs: See :class:`VideoTextDataset`.

    Raises:
        FileNotFoundError: For a missing folder or file.
        ForeignClassError: If the pickle holds more than plain data.
        ValueError: For malformed content; the message names the place.
    """

    METAINFO = dict(dataset_type='cmu_mosi', task_name='sentiment')

    def __init__(self, ann_file: str, split: str, **kwargs) -> None:
        check_choice('split', split, MOSI_SPLITS)
        self.split = split
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split; one sample per utterance."""
        table = load_video_table(self.ann_file)
        require_keys(table, MOSI_SPLITS, self.ann_file)
        part, where = table[self.split], f'{self.ann_file}, {self.split!r}'
        lists = parallel_lists(
            part, ['id', 'raw_text', 'regression_labels'], where)
        samples = []
        for row, (name, text, label) in enumerate(zip(*lists.values())):
            place = f'{where} row {row}'
            name = nonempty_text(name, f'{place}, `id`')
            label = finite_number(label, f'{place}, `regression_labels`')
            if abs(label) > LARGEST_RATING:
                raise ValueError(
                    f'{place}: the rating must lie between -{LARGEST_RATING} '
                    f'and {LARGEST_RATING}, but is {label}.')
            samples.append(
                dict(
                    video_id=name,
                    feature_id=name,
                    text=nonempty_text(text, f'{place}, `raw_text`'),
                    sentiment=torch.tensor([label])))
        return samples


MSRVTT_SPLITS = ('train_7k', 'train_9k', 'test_1k', 'test_full')
REFERENCES = ('all', 'first')
SAMPLES = ('captions', 'videos')
# video0 to video7009 are the original training and validation videos, 6513 +
# 497; the rest is the original test split.
NUM_TRAINING_VIDEOS = 7010


@DATASETS.register_module()
class MSRVTTFeatureDataset(FeatureDataset):
    """Pairs of an MSRVTT video, as features, and a caption.

    Files: ``MSRVTT_data.json``, a dict with ``videos`` (list of ``{video_id,
    transcript (optional)}``) and ``sentences`` (list of ``{video_id,
    caption}``); and for two splits a csv.

    Splits:

    - ``'train_7k'``: the original training and validation videos, 7,010, one
      sample per caption; for retrieval (7k) and captioning. With a csv, its
      videos, which must be among them;
    - ``'train_9k'``: the videos of a csv with the column ``video_id``
      (``MSRVTT_train.9k.csv``), one sample per caption;
    - ``'test_1k'``: the pairs of a csv with the columns ``video_id`` and
      ``sentence`` (``MSRVTT_JSFUSION_test.csv``), for retrieval; a video may
      have several rows;
    - ``'test_full'``: the original test videos, one sample each, for
      captioning.

    Which split a video belongs to originally is what its key ``split`` says
    (``train``, ``validate``, ``test``). Where the file has no such key, it is
    the number of the video: ``video7010`` is the first of the test.

    A transcript that is absent, empty or ``'none'`` is an empty text.

    Args:
        ann_file (str): The json, relative to ``data_root``.
        split (str): One of the above.
        csv_file (str, optional): The csv, relative to ``data_root``.
        encoder_text (str): What the text encoder reads: ``'caption'``, for
            retrieval, or ``'transcript'``, for captioning. Defaults to
            ``'caption'``.
        references (str): Captions that a written one is compared with in
            ``'test_full'``: ``'all'`` of its video, or the ``'first'``, as
            the released code of MELTR does. Defaults to ``'all'``.
        samples (str): A training split has one sample for each of the
            ``'captions'``, or for each of the ``'videos'``. The latter holds
            ``captions`` (list[str]) instead of ``caption``, from which
            :class:`PickCaption` draws another one in each epoch, and has no
            ``text`` unless that is the transcript. Defaults to
            ``'captions'``.
        **kwargs: See :class:`VideoTextDataset`.

    Raises:
        FileNotFoundError: For a missing folder or file.
        ValueError: For malformed content; the message names the place.

    Example:
        >>> dict(
        ...     type='MSRVTTFeatureDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='MSRVTT_data.json',
        ...     csv_file='MSRVTT_JSFUSION_test.csv',
        ...     split='test_1k',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='msrvtt')

    def __init__(self,
                 ann_file: str,
                 split: str,
                 csv_file: Optional[str] = None,
                 encoder_text: str = 'caption',
                 references: str = 'all',
                 samples: str = 'captions',
                 **kwargs) -> None:
        check_choice('split', split, MSRVTT_SPLITS)
        if csv_file is None and split in ('train_9k', 'test_1k'):
            raise ValueError(
                f'the split {split!r} is a csv file; set `csv_file`.')
        if csv_file is not None:
            check_text('csv_file', csv_file)
        check_choice('references', references, REFERENCES)
        check_choice('samples', samples, SAMPLES)
        if samples == 'videos' and not split.startswith('train'):
            raise ValueError(
                "samples='videos' draws captions, which is for training; "
                f'remove it from the split {split!r}.')
        check_choice('encoder_text', encoder_text, ENCODER_TEXTS)
        self.split = split
        self.csv_file = csv_file
        self.encoder_text = encoder_text
        self.references = references
        self.samples = samples
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split; a sample per pair or video."""
        content = read_json(self.ann_file)
        transcripts = _transcripts_of(content, self.ann_file)
        pairs = getattr(self, f'_{self.split}')(content)
        if self.samples == 'videos':
            pairs = _by_video(pairs)
        return [
            self._sample(video_id, captions, transcripts.get(video_id, ''))
            for video_id, captions in pairs
        ]

    def _sample(self, video_id: str, captions: List[str],
                transcript: str) -> dict:
        sample = dict(
            video_id=video_id, feature_id=video_id, references=captions)
        if self.samples == 'videos':
            sample['captions'] = captions
        else:
            sample.update(caption=captions[0], text=captions[0])
        if self.encoder_text == 'transcript':
            sample['text'] = transcript
        return sample

    def _train_7k(self, content: dict) -> list:
        videos = self._originally('train', content['videos'])
        if self.csv_file is not None:
            path = self.in_root(self.csv_file)
            listed = {row['video_id']: None
                      for row in read_table(path, ('video_id', ))}
            foreign = [video for video in listed if video not in videos]
            if foreign:
                raise ValueError(
                    f"{path}: split='train_7k' takes original training "
                    f'videos, but {len(foreign)} of the {len(listed)} listed '
                    f'are none, {foreign[0]!r} for example. Leave `csv_file` '
                    "out, or set split='train_9k'.")
            videos = set(listed)
        return _sentences_of(videos, content)

    def _train_9k(self, content: dict) -> list:
        path = self.in_root(self.csv_file)
        rows = read_table(path, ('video_id', ))
        if 'sentence' in rows[0]:
            raise ValueError(
                f"{path}: split='train_9k' takes a list of videos, but this "
                'has a `sentence` for each, as the test pairs have. Set '
                "csv_file='MSRVTT_train.9k.csv', or split='test_1k'.")
        videos = {row['video_id'] for row in rows}
        pairs = _sentences_of(videos, content)
        bare = videos - {video_id for video_id, _ in pairs}
        if bare:
            raise ValueError(
                f'{self.ann_file}: each video of {self.csv_file} must have a '
                f'caption, but {len(bare)} of {len(videos)} have none, '
                f'{min(bare)!r} for example. Both files must be of the same '
                'release.')
        return pairs

    def _test_1k(self, content: dict) -> list:
        rows = read_table(
            self.in_root(self.csv_file), ('video_id', 'sentence'))
        return [(row['video_id'], [row['sentence']]) for row in rows]

    def _test_full(self, content: dict) -> list:
        test = self._originally('test', content['videos'])
        captions: Dict[str, List[str]] = {
            video['video_id']: []
            for video in content['videos'] if video['video_id'] in test
        }
        for item in content['sentences']:
            if item['video_id'] in captions:
                captions[item['video_id']].append(item['caption'])
        bare = [video_id for video_id, texts in captions.items() if not texts]
        if bare:
            raise ValueError(
                f'{self.ann_file}: each of the {len(captions)} test videos '
                f'must have a caption, but {bare[:5]} have none. Is this the '
                'whole file?')
        last = None if self.references == 'all' else 1
        return [(video_id, texts[:last])
                for video_id, texts in captions.items()]

    def _originally(self, part: str, videos: list) -> set:
        """Names of the videos for training and validation, or for the test."""
        splits = splits_of(videos, self.ann_file)
        if None in splits.values():
            splits = {name: self._numbered(name) for name in splits}
        names = {name for name, split in splits.items()
                 if (split == 'test') == (part == 'test')}
        if not names:
            raise ValueError(
                f'{self.ann_file}: split={self.split!r} needs videos whose '
                f'original split is for {part}ing, but all {len(splits)} are '
                'of the other one. Is this the right file?')
        return names

    def _numbered(self, name: str) -> str:
        number = re.fullmatch(r'video(\d+)', name, re.ASCII)
        if number is None:
            raise ValueError(
                f"{self.ann_file}: a video must have the key `split` "
                f"('train', 'validate' or 'test') or be called video<number>, "
                f'but {name!r} has neither.')
        return 'train' if int(number[1]) < NUM_TRAINING_VIDEOS else 'test'


def _sentences_of(videos: set, content: dict) -> list:
    return [(item['video_id'], [item['caption']])
            for item in content['sentences'] if item['video_id'] in videos]


def _transcripts_of(content: Any, path: str) -> Dict[str, str]:
    """Check the whole file; the transcripts by video."""
    require_keys(content, ['videos', 'sentences'], path)
    splits_of(content['videos'], path)
    transcripts: Dict[str, str] = {}
    for row, video in enumerate(content['videos']):
        transcript = video.get('transcript')
        if not isinstance(transcript, (str, type(None))):
            raise ValueError(
                f'{path}, `videos` row {row}: `transcript` must be a text, '
                f'but is {transcript!r}. Correct it, or take it out.')
        transcripts[video['video_id']] = \
            '' if transcript in (None, 'none') else transcript
    if not isinstance(content['sentences'], list):
        raise ValueError(f"{path}: 'sentences' must be a list, but is a "
                         f"{type(content['sentences']).__name__}.")
    keys = ('video_id', 'caption')
    for row, item in enumerate(content['sentences']):
        require_keys(item, keys, f'{path}, `sentences` row {row}', keys)
    return transcripts


def _by_video(pairs: list) -> list:
    captions: Dict[str, List[str]] = {}
    for video_id, texts in pairs:
        captions.setdefault(video_id, []).extend(texts)
    return list(captions.items())
