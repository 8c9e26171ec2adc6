"""Open-ended video question answering: MSVD-QA, TGIF's FrameQA, MSRVTT-QA."""
import re
from typing import Any, Dict, List, Optional, Union

from mmaction.registry import DATASETS

from ..check_options import check_dict, check_text, check_whole
from .answer_vocabulary import (
    check_answers,
    labels_of,
    most_frequent_answers,
    read_answers,
)
from .data_files import (
    name_text,
    read_clip_names,
    read_json,
    read_json_rows,
    read_table,
    require_keys,
)
from .video_text_dataset import SplitVideoDataset


class OpenEndedQADataset(SplitVideoDataset):
    """Questions whose answers are entries of a vocabulary.

    *VIOLET's form*: one JSON file, a dict with the keys ``train``, ``val``,
    ``test`` (lists of ``{video, question, answer}`` where ``answer`` is an
    index, -1 = outside the vocabulary) and ``vocab`` (list of answers).

    *Rows*, one file per split: a JSON array or JSON lines of ``{question,
    answer, <video_key>}``, or a table with these columns, where ``answer`` is
    a text. The vocabulary is that of ``vocab_file``, or else the most
    frequent answers of the training file, as VIOLET chooses and orders them.

    The form is recognised from the file. Blanks around an answer do not
    matter. An answer outside the vocabulary gets the label -1, which the
    training loss ignores and :class:`OpenEndedQAMetric` counts as wrong, with
    a second accuracy that leaves it out.

    Each sample holds ``video_id`` (str), ``filename`` (str, only with
    ``data_prefix['video']``), ``question`` (str), ``answer`` (str, empty when
    unknown in VIOLET's form), ``label`` (list of one int), ``question_id``
    (int: the row's ``id``, else its number) and ``question_type`` (str).
    ``metainfo['vocab']`` is the list of answers.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        split (str): Which list of VIOLET's form to read: ``'train'``,
            ``'val'`` or ``'test'``. Defaults to ``'train'``.
        vocab_file (str, optional): The vocabulary: one answer per line, or
            JSON (a list, a dict from answers to numbers, or VIOLET's
            annotations). Labels of VIOLET's form are translated to it.
            Defaults to None.
        train_ann_file (str, optional): Rows only: the training file, over
            which the vocabulary is counted. May be left out where
            ``ann_file`` is that file. Defaults to None.
        vocab_size (int): The largest vocabulary that is counted. Defaults to
            1000.
        video_key (str, optional): Rows only: where a row has its video.
            Defaults to that of the data set.
        mapping_file (str, optional): Rows only: table with lines ``<clip
            name> vid<number>``, by which numbers stand for clips.
        question_types (dict[str, str], optional): Regular expressions by
            which questions are grouped in the evaluation, first match wins.
            A question that none matches, and every question by default, has
            its first word as type.
        **kwargs: See :class:`VideoTextDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or row; the message names both.
    """

    METAINFO = dict(task_name='open_ended_qa')
    VIDEO_KEY = 'video_id'

    def __init__(self,
                 ann_file: str,
                 split: str = 'train',
                 vocab_file: Optional[str] = None,
                 train_ann_file: Optional[str] = None,
                 vocab_size: int = 1000,
                 video_key: Optional[str] = None,
                 mapping_file: Optional[str] = None,
                 question_types: Optional[Dict[str, str]] = None,
                 **kwargs) -> None:
        for name, value in dict(
                vocab_file=vocab_file,
                train_ann_file=train_ann_file,
                video_key=video_key,
                mapping_file=mapping_file).items():
            if value is not None:
                check_text(name, value)
        check_whole('vocab_size', vocab_size)
        check_dict('question_types', question_types or {})
        for name, pattern in (question_types or {}).items():
            _check_pattern(f'question_types[{name!r}]', pattern)
        self.vocab_file = vocab_file
        self.train_ann_file = train_ann_file
        self.vocab_size = vocab_size
        self.video_key = video_key or self.VIDEO_KEY
        self.mapping_file = mapping_file
        self.question_types = dict(question_types or {})
        super().__init__(ann_file, split=split, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split."""
        content = self._read(self.ann_file)
        if isinstance(content, dict):
            samples = self._violet_samples(content)
        elif isinstance(content, list):
            samples = self._row_samples(content)
        else:
            raise ValueError(
                f"{self.ann_file}: must hold a dict (VIOLET's form) or a "
                f'list of rows, but holds a {type(content).__name__}.')
        if not samples:
            raise ValueError(f'{self.ann_file}: there are no questions.')
        if all(sample['label'] == [-1] for sample in samples):
            raise ValueError(
                f'{self.ann_file}: no answer of this split is in the '
                f"vocabulary of {len(self._metainfo['vocab'])} answers. The "
                'vocabulary must come from the same data set; check '
                '`vocab_file` and `train_ann_file`.')
        self._check_ids(samples)
        return samples

    def question_type(self, item: dict) -> str:
        """Name the group of a question, given a row of either form."""
        question = item['question']
        for name, pattern in self.question_types.items():
            if re.search(pattern, question):
                return name
        return question.split()[0].lower()

    def _read(self, path: str) -> Any:
        if path.endswith(('.csv', '.tsv')):
            return read_table(path, (self.video_key, 'question', 'answer'))
        if path.endswith('.json'):
            return read_json(path)
        return read_json_rows(path)

    def _violet_samples(self, content: dict) -> List[dict]:
        for key in (self.split, 'vocab'):
            if not isinstance(content.get(key), list):
                raise ValueError(
                    f'{self.ann_file}: must have the key {key!r} with a '
                    f'list, but its keys are {sorted(content)}.')
        own = check_answers(content['vocab'], f"{self.ann_file}, 'vocab'")
        vocab, label_of = own, None
        if self.vocab_file is not None:
            vocab = read_answers(self.in_root(self.vocab_file))
            label_of = labels_of(vocab)
        self._metainfo['vocab'] = vocab
        samples = []
        for row, item in enumerate(content[self.split]):
            where = f'{self.ann_file}, {self.split!r} row {row}'
            require_keys(item, ('video', 'question', 'answer'), where,
                         ('video', 'question'))
            label = item['answer']
            if type(label) is not int or not -1 <= label < len(own):
                raise ValueError(
                    f'{where}: `answer` must be an index into the '
                    f'vocabulary, 0..{len(own) - 1}, or -1 for an answer '
                    f'outside it, but is {label!r}. Rebuild the file with '
                    'its vocabulary.')
            answer = own[label] if label >= 0 else ''
            if label_of is not None:
                label = label_of.get(answer.strip(), -1)
            samples.append(
                self._sample(row, item, item['video'], answer, label, where))
        return samples

    def _row_samples(self, rows: list) -> List[dict]:
        vocab = self._vocabulary(rows)
        self._metainfo['vocab'] = vocab
        label_of = labels_of(vocab)
        clip_of = None
        if self.mapping_file is not None:
            clip_of = read_clip_names(self.in_root(self.mapping_file))
        samples = []
        for row, item in enumerate(rows):
            where = f'{self.ann_file}, row {row}'
            require_keys(item, (self.video_key, 'question', 'answer'), where,
                         ('question', 'answer'))
            video_id = name_text(item[self.video_key],
                                 f'{where}, `{self.video_key}`')
            if clip_of is not None:
                video_id = self._clip(clip_of, video_id, where)
            answer = item['answer'].strip()
            samples.append(
                self._sample(row, item, video_id, answer,
                             label_of.get(answer, -1), where))
        return samples

    def _clip(self, clip_of: Dict[str, str], number: str, where: str) -> str:
        if f'vid{number}' not in clip_of:
            raise ValueError(
                f"{where}: the video 'vid{number}' is not in "
                f'{self.in_root(self.mapping_file)}. Both files must be of '
                'the same release.')
        return clip_of[f'vid{number}']

    def _vocabulary(self, rows: list) -> List[str]:
        if self.vocab_file is not None:
            return read_answers(self.in_root(self.vocab_file))
        path = self.ann_file
        if self.train_ann_file is not None:
            path = self.in_root(self.train_ann_file)
            rows = self._read(path)
            if not isinstance(rows, list):
                raise ValueError(
                    f'{path}: `train_ann_file` must be a list of rows, but '
                    f'holds a {type(rows).__name__}.')
        elif self.split != 'train':
            raise ValueError(
                f'{self.ann_file}: this form keeps no vocabulary. Set '
                '`train_ann_file`, over which it is counted, or '
                f'`vocab_file`, for the split {self.split!r}.')
        for row, item in enumerate(rows):
            require_keys(item, ('answer', ), f'{path}, row {row}',
                         ('answer', ))
        return most_frequent_answers(
            (item['answer'].strip() for item in rows), self.vocab_size)

    def _sample(self, row: int, item: dict, video_id: str, answer: str,
                label: int, where: str) -> dict:
        if 'id' in item:
            name_text(item['id'], f'{where}, `id`')
        return dict(
            **self.name_video(video_id),
            question=item['question'],
            answer=answer,
            label=[label],
            question_id=item.get('id', row),
            question_type=self.question_type(item))

    def _check_ids(self, samples: List[dict]) -> None:
        # A question that is there twice would count twice.
        rows: Dict[Union[int, str], int] = {}
        for row, sample in enumerate(samples):
            first = rows.setdefault(sample['question_id'], row)
            if first != row:
                raise ValueError(
                    f"{self.ann_file}: the rows {first} and {row} have the "
                    f"same id, {sample['question_id']!r}. Take one of them "
                    'out, or give each an id of its own.')


@DATASETS.register_module()
class MSVDQADataset(OpenEndedQADataset):
    """MSVD-QA in either of the two forms in which it is handed around.

    *VIOLET's form*: one file ``txt_msvd-qa.json``.

    *The original form* (Xu et al., 2017): ``{train,val,test}_qa.json``, lists
    of ``{id, video_id, question, answer}``, and ``youtube_mapping.txt``.

    The distributed clips are ``.avi``; VIOLET uses a vocabulary of 1000.

    Args:
        *args: See :class:`OpenEndedQADataset`.
        mapping_file (str): The table of clip names. Defaults to
            ``'youtube_mapping.txt'``.
        **kwargs: See :class:`OpenEndedQADataset`.

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

    def __init__(self,
                 *args,
                 mapping_file: str = 'youtube_mapping.txt',
                 **kwargs) -> None:
        super().__init__(*args, mapping_file=mapping_file, **kwargs)


TGIF_TYPES = {'0': 'object', '1': 'number', '2': 'colour', '3': 'location'}


@DATASETS.register_module()
class TGIFFrameQADataset(OpenEndedQADataset):
    """FrameQA of TGIF-QA in either of its two forms.

    *VIOLET's form*: ``txt_tgif-frame.json``.

    *The original form* (Jang et al., 2017): ``Train_frameqa_question.csv``
    and ``Test_frameqa_question.csv``, with tabs between the columns; read
    are ``gif_name``, ``question``, ``answer`` (a word) and ``type`` (0
    object, 1 number, 2 colour, 3 location), which groups the questions. It
    has no validation file: cut one off the training set by
    :class:`SeededSplit`.

    Args:
        *args: See :class:`OpenEndedQADataset`.
        video_suffix (str): Ending of the clips. Defaults to ``'.gif'``.
        vocab_size (int): Defaults to 1540, as VIOLET uses.
        **kwargs: See :class:`OpenEndedQADataset`.

    Example:
        >>> dict(
        ...     type='TGIFFrameQADataset',
        ...     data_root='data/tgif',
        ...     ann_file='Test_frameqa_question.csv',
        ...     train_ann_file='Train_frameqa_question.csv',
        ...     split='test',
        ...     data_prefix=dict(video='gifs'),
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='tgif_frame_qa', task_name='open_ended_qa')
    VIDEO_KEY = 'gif_name'

    def __init__(self,
                 *args,
                 video_suffix: str = '.gif',
                 vocab_size: int = 1540,
                 **kwargs) -> None:
        super().__init__(
            *args, video_suffix=video_suffix, vocab_size=vocab_size, **kwargs)

    def question_type(self, item: dict) -> str:
        """Take the type that the table gives, if it does."""
        number = str(item.get('type', ''))
        return TGIF_TYPES.get(number) or super().question_type(item)


@DATASETS.register_module()
class QALinesDataset(OpenEndedQADataset):
    """Open-ended question answering in All-in-one's files.

    ``{question, answer, <video_key>}`` one per line, or as one JSON array
    (``msvd_*_qa_encode.json``), and a file with the closed set of answers.

    Args:
        ann_file (str): The questions, relative to ``data_root``.
        vocab_file (str): The answers.
        **kwargs: See :class:`OpenEndedQADataset`.

    Examples:
        >>> msrvtt = dict(
        ...     type='QALinesDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='msrvtt_qa_train.jsonl',
        ...     vocab_file='msrvtt_train_ans2label.json')
        >>> msvd = dict(
        ...     type='QALinesDataset',
        ...     data_root='data/msvd',
        ...     ann_file='msvd_train.jsonl',
        ...     vocab_file='msvd_answer_set.txt',
        ...     mapping_file='msvd_youtube_mapping.txt',
        ...     video_suffix='.avi')
        >>> tgif = dict(
        ...     type='QALinesDataset',
        ...     data_root='data/tgif',
        ...     ann_file='frameqa_train.jsonl',
        ...     vocab_file='frameqa_trainval_ans2label.json',
        ...     video_key='gif_name',
        ...     data_prefix=dict(video='gifs'),
        ...     video_suffix='.gif')
    """

    METAINFO = dict(dataset_type='qa_lines', task_name='open_ended_qa')

    def __init__(self, ann_file: str, vocab_file: str, **kwargs) -> None:
        super().__init__(ann_file, vocab_file=vocab_file, **kwargs)

    def _read(self, path: str) -> List[dict]:
        return read_json_rows(path)


def _check_pattern(name: str, pattern: str) -> None:
    check_text(name, pattern)
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f'{name} must be a regular expression, but '
                         f'{pattern!r} is none ({error})') from None
