"""What all data sets of open-ended question answering share."""
import re
from typing import Dict, List, Optional, Union

from ..check_options import check_dict, check_text, check_whole
from .answer_vocabulary import most_frequent_answers
from .check_row import check_row, name_in_row
from .read_json import read_json
from .split_video_dataset import SplitVideoDataset


class OpenEndedQADataset(SplitVideoDataset):
    """Questions whose answers are entries of a vocabulary.

    *VIOLET's form*: one JSON file, a dict with the keys ``train``, ``val``,
    ``test`` (lists of ``{video, question, answer}`` where ``answer`` is an
    index) and ``vocab`` (list of answer strings). An index of -1 means
    "outside the vocabulary".

    *The original form* of a data set is a list of rows with the answer as a
    string; subclasses say how to read it. The vocabulary is the
    ``vocab_size`` most frequent answers of the training file; any other
    answer gets the label -1.

    The form is recognised from the file. A label of -1 is ignored by the
    training loss and counts as wrong in the accuracy.

    Each sample holds ``video_id`` (str), ``filename`` (str, only with
    ``data_prefix['video']``), ``question`` (str), ``answer`` (str, empty when
    unknown in VIOLET's form), ``label`` (list of one int), ``question_id``
    (int: the row's ``id``, else its number) and ``question_type`` (str).
    ``metainfo['vocab']`` is the list of answers.

    Args:
        *args: See :class:`SplitVideoDataset`; the original form has one file
            per split.
        train_ann_file (str, optional): Original form only: the training
            file, from which the vocabulary is counted. May be left out where
            ``ann_file`` is that file. Defaults to None.
        vocab_size (int): Original form only: the largest vocabulary.
            Defaults to 1000.
        question_types (dict[str, str], optional): Regular expressions by
            which questions are grouped in the evaluation, first match wins.
            A question that none matches, and every question by default, has
            its first word as type.
        **kwargs: See :class:`SplitVideoDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or row; the message names both.
    """

    METAINFO = dict(task_name='open_ended_qa')
    # Columns of the original form: that of the video and two others.
    ORIGINAL_KEYS = ('video', 'question', 'answer')

    def __init__(self,
                 *args,
                 train_ann_file: Optional[str] = None,
                 vocab_size: int = 1000,
                 question_types: Optional[Dict[str, str]] = None,
                 **kwargs) -> None:
        if train_ann_file is not None:
            check_text('train_ann_file', train_ann_file)
        check_whole('vocab_size', vocab_size)
        check_dict('question_types', question_types or {})
        for name, pattern in (question_types or {}).items():
            _check_pattern(f'question_types[{name!r}]', pattern)
        self.train_ann_file = train_ann_file
        self.vocab_size = vocab_size
        self.question_types = dict(question_types or {})
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split.

        Returns:
            list[dict]: One dict per question, see the class.
        """
        content = self.read_annotations(self.ann_file)
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

    def read_annotations(self, path: str) -> Union[dict, list]:
        """Read a file of either form.

        Args:
            path (str): The file.

        Returns:
            dict or list: VIOLET's form, or the rows of the original one.
        """
        return read_json(path)

    def video_of(self, item: dict, where: str) -> str:
        """Name the video of a row of the original form.

        Args:
            item (dict): The row.
            where (str): File and row, for an error.

        Returns:
            str: Its name, without ending.
        """
        return name_in_row(item, self.ORIGINAL_KEYS[0], where)

    def question_type(self, item: dict) -> str:
        """Name the group of a question.

        Args:
            item (dict): A row of either form.

        Returns:
            str: The group.
        """
        question = item['question']
        for name, pattern in self.question_types.items():
            if re.search(pattern, question):
                return name
        return question.split()[0].lower()

    def _read_violet_form(self, content: dict) -> List[dict]:
        for key in (self.split, 'vocab'):
            if not isinstance(content.get(key), list):
                raise ValueError(
                    f'{self.ann_file}: must have the key {key!r} with a '
                    f'list, but its keys are {sorted(content)}.')
        vocab = content['vocab']
        if not all(isinstance(answer, str) for answer in vocab):
            raise ValueError(
                f"{self.ann_file}: 'vocab' must be a list of answers, but "
                'not all of them are texts. Rebuild the file.')
        self._metainfo['vocab'] = vocab
        samples = []
        for row, item in enumerate(content[self.split]):
            where = f'{self.ann_file}, {self.split!r} row {row}'
            check_row(item, ('video', 'question', 'answer'), where,
                      ('video', 'question'))
            label = item['answer']
            if type(label) is not int or not -1 <= label < len(vocab):
                raise ValueError(
                    f'{where}: `answer` must be an index into the '
                    f'vocabulary, 0..{len(vocab) - 1}, or -1 for an answer '
                    f'outside it, but is {label!r}. Rebuild the file with '
                    'its vocabulary.')
            answer = vocab[label] if label >= 0 else ''
            samples.append(
                self._sample(row, item, item['video'], answer, label, where))
        return samples

    def _read_original_form(self, content: list) -> List[dict]:
        vocab = self._count_vocabulary(content)
        self._metainfo['vocab'] = vocab
        label_of = {answer: label for label, answer in enumerate(vocab)}
        samples = []
        for row, item in enumerate(content):
            where = f'{self.ann_file}, row {row}'
            check_row(item, self.ORIGINAL_KEYS, where, ('question', 'answer'))
            label = label_of.get(item['answer'], -1)
            samples.append(
                self._sample(row, item, self.video_of(item, where),
                             item['answer'], label, where))
        return samples

    def _count_vocabulary(self, content: list) -> List[str]:
        path = self.ann_file
        if self.train_ann_file is not None:
            path = self.in_root(self.train_ann_file)
            content = self.read_annotations(path)
            if not isinstance(content, list):
                raise ValueError(
                    f'{path}: `train_ann_file` must be of the original form, '
                    f'a list, but holds a {type(content).__name__}.')
        elif self.split != 'train':
            raise ValueError(
                f'{self.ann_file}: this form keeps no vocabulary, which is '
                'counted over the training answers. Set `train_ann_file` '
                "for the split 'val' or 'test'.")
        for row, item in enumerate(content):
            check_row(item, ('answer', ), f'{path}, row {row}', ('answer', ))
        return most_frequent_answers(
            (item['answer'] for item in content), self.vocab_size)

    def _sample(self, row: int, item: dict, video_id: str, answer: str,
                label: int, where: str) -> dict:
        if 'id' in item:
            name_in_row(item, 'id', where)
        return dict(
            **self.name_video(video_id),
            question=item['question'],
            answer=answer,
            label=[label],
            question_id=item.get('id', row),
            question_type=self.question_type(item))


def _check_pattern(name: str, pattern: str) -> None:
    check_text(name, pattern)
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f'{name} must be a regular expression, but '
                         f'{pattern!r} is none ({error})') from None
