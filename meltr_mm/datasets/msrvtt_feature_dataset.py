"""MSRVTT in the form of UniVL's release."""
from typing import Any, Dict, List, Optional

from mmaction.registry import DATASETS

from ..check_options import check_choice, check_text
from .check_row import check_row
from .feature_dataset import (
    FeatureDataset,
    check_encoder_text,
    number_videos,
    require_keys,
)
from .read_csv import read_csv
from .read_json import read_json

SPLITS = ('train_7k', 'train_9k', 'test_1k', 'test_full')
REFERENCES = ('all', 'first')
SAMPLES = ('captions', 'videos')
# The first videos of the annotation file are the original training and
# validation videos, 6513 + 497; the rest is the original test split.
NUM_TRAINING_VIDEOS = 7010


@DATASETS.register_module()
class MSRVTTFeatureDataset(FeatureDataset):
    """Pairs of an MSRVTT video, as features, and a caption.

    Files: ``MSRVTT_data.json``, a dict with ``videos`` (list of ``{video_id,
    transcript (optional)}``) and ``sentences`` (list of ``{video_id,
    caption}``); and for two splits a csv.

    Splits:

    - ``'train_7k'``: the first 7010 videos, one sample per caption; for
      retrieval (7k) and captioning;
    - ``'train_9k'``: the videos of a csv with the column ``video_id``
      (``MSRVTT_train.9k.csv``), one sample per caption;
    - ``'test_1k'``: the pairs of a csv with the columns ``video_id`` and
      ``sentence`` (``MSRVTT_JSFUSION_test.csv``), for retrieval; a video may
      have several rows;
    - ``'test_full'``: the other videos, one sample each, for captioning.

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
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

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
        check_choice('split', split, SPLITS)
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
        check_encoder_text(encoder_text)
        self.split = split
        self.csv_file = csv_file
        self.encoder_text = encoder_text
        self.references = references
        self.samples = samples
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split.

        Returns:
            list[dict]: One dict per pair or video, see the class.
        """
        content = read_json(self.ann_file)
        transcripts = _check(content, self.ann_file)
        pairs = getattr(self, f'_{self.split}')(content)
        if self.samples == 'videos':
            pairs = _by_video(pairs)
        return number_videos([
            self._sample(video_id, captions, transcripts.get(video_id, ''))
            for video_id, captions in pairs
        ])

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
        first = content['videos'][:NUM_TRAINING_VIDEOS]
        return _sentences_of({video['video_id'] for video in first}, content)

    def _train_9k(self, content: dict) -> list:
        rows = read_csv(self._in_root(self.csv_file), ('video_id', ))
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
        rows = read_csv(
            self._in_root(self.csv_file), ('video_id', 'sentence'))
        return [(row['video_id'], [row['sentence']]) for row in rows]

    def _test_full(self, content: dict) -> list:
        captions: Dict[str, List[str]] = {
            video['video_id']: []
            for video in content['videos'][NUM_TRAINING_VIDEOS:]
        }
        for item in content['sentences']:
            if item['video_id'] in captions:
                captions[item['video_id']].append(item['caption'])
        bare = [video_id for video_id, texts in captions.items() if not texts]
        if bare or not captions:
            raise ValueError(
                f'{self.ann_file}: each video after the first '
                f'{NUM_TRAINING_VIDEOS} is a test video and must have a '
                f'caption, but of {len(captions)} such videos {bare[:5]} '
                'have none. Is this the whole file?')
        last = None if self.references == 'all' else 1
        return [(video_id, texts[:last])
                for video_id, texts in captions.items()]


def _sentences_of(videos: set, content: dict) -> list:
    return [(item['video_id'], [item['caption']])
            for item in content['sentences'] if item['video_id'] in videos]


def _check(content: Any, path: str) -> Dict[str, str]:
    """Check the whole file; the transcripts by video."""
    require_keys(content, ['videos', 'sentences'], path)
    for key in ('videos', 'sentences'):
        if not isinstance(content[key], list):
            raise ValueError(f'{path}: {key!r} must be a list, but is a '
                             f'{type(content[key]).__name__}.')
    transcripts: Dict[str, str] = {}
    for row, video in enumerate(content['videos']):
        where = f'{path}, `videos` row {row}'
        check_row(video, ('video_id', ), where, ('video_id', ))
        if video['video_id'] in transcripts:
            raise ValueError(
                f"{where}: {video['video_id']!r} is there a second time. "
                'Take one of the two out.')
        transcript = video.get('transcript') or ''
        if not isinstance(transcript, str):
            raise ValueError(
                f'{where}: `transcript` must be a text, but is '
                f'{transcript!r}. Correct it, or take it out.')
        transcripts[video['video_id']] = \
            '' if transcript == 'none' else transcript
    for row, item in enumerate(content['sentences']):
        keys = ('video_id', 'caption')
        check_row(item, keys, f'{path}, `sentences` row {row}', keys)
    return transcripts


def _by_video(pairs: list) -> list:
    captions: Dict[str, List[str]] = {}
    for video_id, texts in pairs:
        captions.setdefault(video_id, []).extend(texts)
    return list(captions.items())
