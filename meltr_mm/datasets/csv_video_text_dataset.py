"""Clips of one's own: a folder of videos and a csv."""
import math
import os.path as osp
from typing import Dict, List, Tuple

import numpy as np
import torch
from mmaction.registry import DATASETS

from ..check_options import (
    check_choice,
    check_number,
    check_text,
    check_whole,
)
from .answer_vocabulary import labels_of, most_frequent_answers
from .data_files import read_numbered_table
from .feature_datasets import FeatureDataset
from .video_text_dataset import SplitVideoDataset

# What a csv has for each task, beside `video`.
COLUMNS = dict(
    qa=('question', 'answer'),
    caption=('caption', ),
    rating=('text', 'rating'),
    retrieval=('caption', ))
SPLITS = SplitVideoDataset.SPLITS
ENDINGS = ('.avi', '.flv', '.gif', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg',
           '.mpg', '.ts', '.webm', '.wmv')

Rows = List[Tuple[int, Dict[str, str]]]


@DATASETS.register_module()
class CsvVideoTextDataset(FeatureDataset):
    """Videos in a folder, and a csv with what is said about them.

    The first line of the csv names its columns: ``video``, and those of the
    task. Other columns do not matter. A video has one row or several.

    - ``qa`` (VIOLET, All-in-one): ``question``, ``answer``
    - ``retrieval`` (all three models): ``caption``
    - ``caption`` (UniVL): ``caption``, and maybe ``text``
    - ``rating`` (UniVL): ``text``, ``rating``

    ``text`` is what is said in the clip; ``rating`` is any number, 0 being
    neutral.

    A column ``split`` says ``train``, ``val`` or ``test``. Without it the
    videos are dealt out: a tenth each for ``val`` and ``test``, at least one,
    always the same for the same names.

    Each sample holds ``video_id`` and ``feature_id`` (the name without
    ending), ``filename`` (only with ``data_prefix['video']``),
    ``video_index``, and of the task: ``question``, ``answer``, ``label``,
    ``question_id`` and ``question_type``, as
    :class:`~meltr_mm.datasets.open_ended_qa_datasets.OpenEndedQADataset` has
    them; ``caption``, ``captions``, ``references`` and ``text``; or ``text``
    and ``sentiment`` (Tensor (1,)). To be captioned a video of ``val`` and
    ``test`` has one sample, with all of its captions as references.

    Args:
        ann_file (str): The csv, relative to ``data_root``.
        task (str): ``'qa'``, ``'caption'``, ``'rating'`` or ``'retrieval'``.
        split (str): ``'train'``, ``'val'`` or ``'test'``. Defaults to
            ``'train'``.
        held_out (float): Share of ``val`` and of ``test``, where there is no
            column ``split``. Defaults to 0.1.
        seed (int): Decides which they are. Defaults to 0.
        vocab_size (int): The most frequent answers of ``train`` are those
            that can be given, up to this number. Defaults to 1000.
        **kwargs: See
            :class:`~meltr_mm.datasets.video_text_dataset.VideoTextDataset`.

    Raises:
        FileNotFoundError: For a missing folder, csv or video.
        ValueError: For a malformed row; the message names file, line, column
            and remedy.

    Example:
        >>> dict(
        ...     type='CsvVideoTextDataset',
        ...     data_root='data/own',
        ...     ann_file='questions.csv',
        ...     task='qa',
        ...     pipeline=train_pipeline)
    """

    METAINFO = dict(dataset_type='own')

    def __init__(self,
                 ann_file: str,
                 task: str,
                 split: str = 'train',
                 held_out: float = 0.1,
                 seed: int = 0,
                 vocab_size: int = 1000,
                 **kwargs) -> None:
        check_choice('task', task, tuple(COLUMNS))
        check_choice('split', split, SPLITS)
        check_number('held_out', held_out, above=0, below=0.5)
        check_whole('seed', seed, least=0)
        check_whole('vocab_size', vocab_size)
        check_text('ann_file', ann_file)
        self.task = task
        self.split = split
        self.held_out = held_out
        self.seed = seed
        self.vocab_size = vocab_size
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the rows of one split."""
        rows = read_numbered_table(
            self.ann_file, ('video', *COLUMNS[self.task]))
        split_of = self._splits(rows)
        if self.task == 'qa':
            self._metainfo['vocab'] = most_frequent_answers(
                (row['answer'].strip() for _, row in rows
                 if split_of[_stem(row)] == 'train'), self.vocab_size)
        own = [(line, row) for line, row in rows
               if split_of[_stem(row)] == self.split]
        if not own:
            raise ValueError(
                f'{self.ann_file}: no row has the split {self.split!r} in '
                'the column `split`. Give it to some videos, or take the '
                'column out, and the videos are dealt out.')
        return getattr(self, f'_{self.task}_samples')(own)

    # ---------------------------------------------------------- the splits

    def _splits(self, rows: Rows) -> Dict[str, str]:
        """Say of each video, by its name without ending, where it is."""
        if 'split' not in rows[0][1]:
            return self._deal(rows)
        found: Dict[str, Tuple[str, int]] = {}
        for line, row in rows:
            where = f'{self.ann_file}, line {line}, `split`'
            split = row['split'].strip()
            if split not in SPLITS:
                raise ValueError(
                    f'{where}: must be train, val or test, but is {split!r}. '
                    'Correct it, or take the whole column out.')
            first, there = found.setdefault(_stem(row), (split, line))
            if first != split:
                raise ValueError(
                    f"{where}: the video {row['video']!r} must be in one "
                    f'split, but is in {split!r} here and in {first!r} in '
                    f'line {there}. Correct one of them.')
        return {video: split for video, (split, _) in found.items()}

    def _deal(self, rows: Rows) -> Dict[str, str]:
        videos = sorted({_stem(row) for _, row in rows})
        if len(videos) < 4:
            raise ValueError(
                f'{self.ann_file}: there must be at least 4 videos to be '
                f'dealt out, but there are {len(videos)}. Add some, or a '
                'column `split`.')
        size = max(1, round(self.held_out * len(videos)))
        size = min(size, (len(videos) - 2) // 2)
        order = np.random.default_rng(self.seed).permutation(len(videos))
        names = ['val'] * size + ['test'] * size
        names += ['train'] * (len(videos) - len(names))
        return {videos[place]: name for place, name in zip(order, names)}

    # --------------------------------------------------------- the samples

    def name_video(self, video_id: str) -> dict:
        """Start a sample; the name may have an ending, or not."""
        stem, ending = _split_name(video_id)
        sample = dict(video_id=stem, feature_id=osp.basename(stem))
        if 'video' in self.data_prefix:
            sample['filename'] = osp.join(
                self.data_prefix['video'],
                stem + (ending or self.video_suffix))
        return sample

    def _qa_samples(self, rows: Rows) -> List[dict]:
        label_of = labels_of(self._metainfo['vocab'])
        return [
            dict(
                self.name_video(row['video']),
                question=row['question'],
                answer=row['answer'].strip(),
                label=[label_of.get(row['answer'].strip(), -1)],
                question_id=line,
                question_type=row['question'].split()[0].lower())
            for line, row in rows
        ]

    def _retrieval_samples(self, rows: Rows) -> List[dict]:
        return [
            dict(
                self.name_video(row['video']),
                text=row['caption'],
                caption=row['caption'],
                captions=[row['caption']],
                references=[row['caption']]) for _, row in rows
        ]

    def _caption_samples(self, rows: Rows) -> List[dict]:
        captions: Dict[str, List[str]] = {}
        for _, row in rows:
            captions.setdefault(_stem(row), []).append(row['caption'])
        samples: Dict[tuple, dict] = {}
        for line, row in rows:
            video = _stem(row)
            key = (video, line if self.split == 'train' else 0)
            samples.setdefault(key, dict(
                self.name_video(row['video']),
                text=row.get('text', ''),
                caption=row['caption'],
                captions=[row['caption']],
                references=captions[video]))
        return list(samples.values())

    def _rating_samples(self, rows: Rows) -> List[dict]:
        return [
            dict(
                self.name_video(row['video']),
                text=row['text'],
                sentiment=torch.tensor([self._rating(line, row['rating'])]))
            for line, row in rows
        ]

    def _rating(self, line: int, text: str) -> float:
        try:
            rating = float(text)
        except ValueError:
            rating = math.nan
        if not math.isfinite(rating):
            raise ValueError(
                f'{self.ann_file}, line {line}, `rating`: must be a number '
                f'such as -1 or 2.5, but is {text!r}. Correct it, or take the '
                'row out.')
        return rating


def _split_name(name: str) -> Tuple[str, str]:
    """A name in the csv without ending, and the ending or ''."""
    stem, ending = osp.splitext(name.strip())
    return (stem, ending) if ending.lower() in ENDINGS else (name.strip(), '')


def _stem(row: Dict[str, str]) -> str:
    return _split_name(row['video'])[0]
