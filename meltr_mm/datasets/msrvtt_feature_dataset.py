"""MSRVTT in the form of UniVL's release."""
from typing import Dict, List, Optional

from mmaction.registry import DATASETS

from .feature_dataset import (
    FeatureDataset,
    check_encoder_text,
    nonempty_text,
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
        if split not in SPLITS:
            raise ValueError(
                f'`split` must be one of {SPLITS}, but got {split!r}.')
        if csv_file is None and split in ('train_9k', 'test_1k'):
            raise ValueError(
                f'the split {split!r} is a csv file; set `csv_file`.')
        if references not in REFERENCES:
            raise ValueError(f'`references` must be one of {REFERENCES}, '
                             f'but got {references!r}.')
        if samples not in SAMPLES:
            raise ValueError(f'`samples` must be one of {SAMPLES}, but got '
                             f'{samples!r}.')
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
        require_keys(content, ['videos', 'sentences'], self.ann_file)
        for row, video in enumerate(content['videos']):
            require_keys(video, ['video_id'],
                         f'{self.ann_file}, `videos` row {row}')
        for row, item in enumerate(content['sentences']):
            where = f'{self.ann_file}, `sentences` row {row}'
            require_keys(item, ['video_id', 'caption'], where)
            nonempty_text(item['caption'], f'{where}, `caption`')
        transcripts = {
            video['video_id']: _transcript(video)
            for video in content['videos']
        }
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
        return _sentences_of({row['video_id'] for row in rows}, content)

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


def _by_video(pairs: list) -> list:
    captions: Dict[str, List[str]] = {}
    for video_id, texts in pairs:
        captions.setdefault(video_id, []).extend(texts)
    return list(captions.items())


def _transcript(video: dict) -> str:
    transcript = video.get('transcript') or ''
    return '' if transcript == 'none' else transcript
