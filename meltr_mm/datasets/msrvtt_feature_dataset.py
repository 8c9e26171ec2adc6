"""MSRVTT in the form of UniVL's release."""
import re
from typing import Any, Dict, List, Optional

from mmaction.registry import DATASETS

from ..check_options import check_choice, check_text
from .annotation_files import read_json, read_table, require_keys
from .feature_datasets import ENCODER_TEXTS, FeatureDataset
from .msrvtt_video_datasets import splits_of

SPLITS = ('train_7k', 'train_9k', 'test_1k', 'test_full')
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
        transcripts = _check(content, self.ann_file)
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
        rows = read_table(self.in_root(self.csv_file), ('video_id', ))
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


def _check(content: Any, path: str) -> Dict[str, str]:
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
