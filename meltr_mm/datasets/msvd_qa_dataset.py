"""Open-ended question answering on MSVD."""
import os.path as osp
import re
from typing import Dict, List, Optional

from mmaction.registry import DATASETS

from .answer_vocabulary import most_frequent_answers
from .check_row import check_row
from .read_clip_names import read_clip_names
from .read_json import read_json
from .strict_video_dataset import StrictVideoDataset


@DATASETS.register_module()
class MSVDQADataset(StrictVideoDataset):
    """MSVD-QA in either of the two forms in which it is handed around.

    *VIOLET's form*: one file ``txt_msvd-qa.json``, a dict with the keys
    ``train``, ``val``, ``test`` (lists of ``{video, question, answer}`` where
    ``answer`` is an index) and ``vocab`` (list of answer strings). An index
    of -1 means "outside the vocabulary".

    *The original form* (Xu et al., 2017): ``{train,val,test}_qa.json``, lists
    of ``{id, video_id, question, answer}`` where ``answer`` is a string, and
    ``youtube_mapping.txt`` with lines ``<clip name> vid<video_id>``. The
    vocabulary is the ``vocab_size`` most frequent answers of the training
    file; any other answer gets the label -1.

    The form is recognised from the file. A label of -1 is ignored by the
    training loss and counts as wrong in the accuracy.

    Each sample holds ``video_id`` (str), ``filename`` (str, only with
    ``data_prefix['video']``), ``question`` (str), ``answer`` (str, empty when
    unknown in VIOLET's form), ``label`` (list of one int), ``question_id``
    (int: the file's ``id``, else the row) and ``question_type`` (str).
    ``metainfo['vocab']`` is the list of answers.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        split (str): ``'train'``, ``'val'`` or ``'test'``: which list of
            VIOLET's file to read. The original form has one file per split.
            Defaults to ``'train'``.
        data_root (str): Root of all relative paths. Defaults to ``''``.
        data_prefix (dict, optional): ``dict(video=<folder of the clips>)``,
            or None when the frames come from a pickle (see
            :class:`DecodeJPEGFrames`). Defaults to ``dict(video='videos')``.
        video_suffix (str): Ending of the clip files; the distributed MSVD
            clips are ``.avi``. Defaults to ``'.mp4'``.
        train_ann_file (str, optional): Original form only: the training
            file, from which the vocabulary is counted. May be left out where
            ``ann_file`` is that file. Defaults to None.
        mapping_file (str): Original form only: the table of clip names.
            Defaults to ``'youtube_mapping.txt'``.
        vocab_size (int): Original form only: the largest vocabulary.
            Defaults to 1000, as VIOLET uses for MSVD-QA.
        question_types (dict[str, str], optional): Regular expressions by
            which questions are grouped in the evaluation, first match wins.
            A question that none matches, and every question by default, has
            its first word as type.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or row; the message names both.

    Example:
        >>> dict(
        ...     type='MSVDQADataset',
        ...     data_root='data/msvd',
        ...     ann_file='test_qa.json',
        ...     train_ann_file='train_qa.json',
        ...     split='test',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='msvd_qa', task_name='open_ended_qa')
    SPLITS = ('train', 'val', 'test')

    def __init__(self,
                 ann_file: str,
                 split: str = 'train',
                 data_root: str = '',
                 data_prefix: Optional[dict] = dict(video='videos'),  # noqa: B006, E501
                 video_suffix: str = '.mp4',
                 train_ann_file: Optional[str] = None,
                 mapping_file: str = 'youtube_mapping.txt',
                 vocab_size: int = 1000,
                 question_types: Optional[Dict[str, str]] = None,
                 **kwargs) -> None:
        if split not in self.SPLITS:
            raise ValueError(
                f'`split` must be one of {self.SPLITS}, but got {split!r}.')
        self.split = split
        self.video_suffix = video_suffix
        self.train_ann_file = train_ann_file
        self.mapping_file = mapping_file
        self.vocab_size = vocab_size
        self.question_types = dict(question_types or {})
        super().__init__(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix or {},
            **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split.

        Returns:
            list[dict]: One dict per question, see the class.
        """
        content = read_json(self.ann_file)
        if isinstance(content, dict):
            samples = self._read_violet_form(content)
        elif isinstance(content, list):
            samples = self._read_original_form(content)
        else:
            raise ValueError(
                f'{self.ann_file}: must hold a dict (VIOLET form) or a list '
                f'(original form), but holds a {type(content).__name__}.')
        if not samples:
            raise ValueError(f'{self.ann_file}: there are no questions.')
        if all(sample['label'] == [-1] for sample in samples):
            raise ValueError(
                f'{self.ann_file}: no answer of this split is in the '
                f"vocabulary of {len(self._metainfo['vocab'])} answers. The "
                'vocabulary must come from the same data set; check '
                '`train_ann_file`.')
        return samples

    def _read_violet_form(self, content: dict) -> List[dict]:
        for key in (self.split, 'vocab'):
            if not isinstance(content.get(key), list):
                raise ValueError(
                    f'{self.ann_file}: must have the key {key!r} with a '
                    f'list, but its keys are {sorted(content)}.')
        vocab = content['vocab']
        self._metainfo['vocab'] = vocab
        samples = []
        for row, item in enumerate(content[self.split]):
            where = f'{self.ann_file}, {self.split!r} row {row}'
            check_row(item, ('video', 'question', 'answer'), where)
            label = item['answer']
            if type(label) is not int or not -1 <= label < len(vocab):
                raise ValueError(
                    f'{where}: `answer` must be an index into the '
                    f'vocabulary, 0..{len(vocab) - 1}, or -1 for an answer '
                    f'outside it, but is {label!r}. Rebuild the file with '
                    'its vocabulary.')
            answer = vocab[label] if label >= 0 else ''
            samples.append(
                self._sample(row, item, item['video'], answer, label))
        return samples

    def _read_original_form(self, content: list) -> List[dict]:
        vocab = self._count_vocabulary(content)
        self._metainfo['vocab'] = vocab
        label_of = {answer: label for label, answer in enumerate(vocab)}
        mapping_path = self.in_root(self.mapping_file)
        clip_of = read_clip_names(mapping_path)
        samples = []
        for row, item in enumerate(content):
            where = f'{self.ann_file}, row {row}'
            check_row(item, ('video_id', 'question', 'answer'), where)
            key = f"vid{item['video_id']}"
            if key not in clip_of:
                raise ValueError(
                    f'{where}: the video {key!r} is not in {mapping_path}. '
                    'Both files must be of the same release.')
            label = label_of.get(item['answer'], -1)
            samples.append(
                self._sample(row, item, clip_of[key], item['answer'], label))
        return samples

    def _count_vocabulary(self, content: list) -> List[str]:
        path = self.ann_file
        if self.train_ann_file is not None:
            path = self.in_root(self.train_ann_file)
            content = read_json(path)
        elif self.split != 'train':
            raise ValueError(
                f'{self.ann_file}: this form keeps no vocabulary, which is '
                'counted over the training answers. Set `train_ann_file` '
                "for the split 'val' or 'test'.")
        for row, item in enumerate(content):
            check_row(item, ('answer', ), f'{path}, row {row}')
        return most_frequent_answers(
            (item['answer'] for item in content), self.vocab_size)

    def _sample(self, row: int, item: dict, video_id: str, answer: str,
                label: int) -> dict:
        sample = dict(
            video_id=video_id,
            question=item['question'],
            answer=answer,
            label=[label],
            question_id=item.get('id', row),
            question_type=self._question_type(item['question']))
        if 'video' in self.data_prefix:
            sample['filename'] = osp.join(self.data_prefix['video'],
                                          video_id + self.video_suffix)
        return sample

    def _question_type(self, question: str) -> str:
        for name, pattern in self.question_types.items():
            if re.search(pattern, question):
                return name
        return question.split()[0].lower()
