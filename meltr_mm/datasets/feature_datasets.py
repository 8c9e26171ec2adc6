"""Data sets whose videos are rows of a feature file: YouCook2, CMU-MOSI."""
from typing import Dict, List

import torch
from mmaction.registry import DATASETS
from mmengine.dataset.base_dataset import force_full_init

from ..check_options import check_choice, check_text
from .annotation_files import (
    finite_number,
    nonempty_text,
    parallel_lists,
    read_table,
    require_keys,
)
from .safe_pickle import load_video_table
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

    @property
    @force_full_init
    def num_texts(self) -> int:
        """int: Number of texts to rank."""
        return len(self)

    @property
    @force_full_init
    def num_videos(self) -> int:
        """int: Number of videos, or clips, to rank."""
        infos = map(self.get_data_info, range(len(self)))
        return len({info['video_index'] for info in infos})

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
