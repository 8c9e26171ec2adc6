"""Multiple choice: TGIF-QA in its two forms, and All-in-one's files."""
from typing import List, Sequence

from mmaction.registry import DATASETS

from ..check_options import check_text, check_whole
from .data_files import (
    class_index,
    name_text,
    nonempty_text,
    read_json,
    read_json_rows,
    read_table,
    require_keys,
)
from .video_text_dataset import SplitVideoDataset, VideoTextDataset


@DATASETS.register_module()
class TGIFChoiceQADataset(SplitVideoDataset):
    """TGIF-QA's repeating actions and state transitions, in either form.

    *VIOLET's form*: ``txt_tgif-action.json`` or ``txt_tgif-transition.json``,
    a dict with the keys ``train``, ``val``, ``test``: lists of ``{video,
    question, option_0, ..., option_4, answer}``.

    *The original form* (Jang et al., 2017): ``{Train,Test}_action_question
    .csv`` and ``{Train,Test}_transition_question.csv``, with tabs between
    the columns; read are ``gif_name``, ``question``, ``a1``, ..., ``a5`` and
    ``answer``. It has no validation file: cut one off the training set by
    :class:`SeededSplit`.

    In both, ``answer`` is the number of the right option, from 0. The form
    is recognised from the ending.

    Each sample holds ``video_id`` (str), ``filename`` (str, only with
    ``data_prefix['video']``), ``question`` (str), ``options`` (list of str),
    ``label`` (list of one int), ``answer`` (str, the right option) and
    ``question_id`` (int, the row).

    Args:
        *args: See :class:`VideoTextDataset`; the original form has one file
            per split.
        data_prefix (dict, optional): ``dict(video=<folder of the GIFs>)``,
            or None when the frames come from a pickle. Defaults to
            ``dict(video='gifs')``.
        video_suffix (str): Ending of the clips. Defaults to ``'.gif'``.
        num_options (int): Options of each question. Defaults to 5.
        **kwargs: See :class:`VideoTextDataset`; and ``split``, which list of
            VIOLET's form to read.

    Example:
        >>> dict(
        ...     type='TGIFChoiceQADataset',
        ...     data_root='data/tgif',
        ...     ann_file='Test_action_question.csv',
        ...     split='test',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='tgif_choice_qa', task_name='choice_qa')

    def __init__(self,
                 *args,
                 data_prefix: dict = dict(video='gifs'),  # noqa: B006
                 video_suffix: str = '.gif',
                 num_options: int = 5,
                 **kwargs) -> None:
        check_whole('num_options', num_options)
        self.num_options = num_options
        super().__init__(
            *args,
            data_prefix=data_prefix,
            video_suffix=video_suffix,
            **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations of one split."""
        if self.ann_file.endswith('.json'):
            samples = self._read_violet_form()
        else:
            keys = [f'a{i + 1}' for i in range(self.num_options)]
            rows = read_table(self.ann_file,
                              ('gif_name', 'question', *keys, 'answer'))
            samples = [
                self._sample(item, 'gif_name', 'a', 1, row, self.ann_file)
                for row, item in enumerate(rows)
            ]
        if not samples:
            raise ValueError(f'{self.ann_file}: there are no questions.')
        return samples

    def _read_violet_form(self) -> List[dict]:
        content = read_json(self.ann_file)
        if not isinstance(content, dict) or not isinstance(
                content.get(self.split), list):
            raise ValueError(
                f'{self.ann_file}: must hold a dict that has the key '
                f'{self.split!r} with a list of questions.')
        return [
            self._sample(item, 'video', 'option_', 0, row,
                         f'{self.ann_file}, {self.split!r}')
            for row, item in enumerate(content[self.split])
        ]

    def _sample(self, item: dict, video: str, option: str, first: int,
                row: int, file: str) -> dict:
        where = f'{file} row {row}'
        keys = [f'{option}{first + i}' for i in range(self.num_options)]
        require_keys(item, [video, 'question', *keys, 'answer'], where,
                     [video, 'question', *keys])
        beyond = f'{option}{first + self.num_options}'
        if beyond in item:
            raise ValueError(
                f'{where}: must have {self.num_options} options, but has '
                f'{beyond!r} too. Set `num_options`.')
        return dict(
            **self.name_video(item[video]),
            **_choice(item['question'], [item[key] for key in keys],
                      item['answer'], where),
            question_id=row)


@DATASETS.register_module()
class ChoiceLinesDataset(VideoTextDataset):
    """Videos with several texts, one of them right, in All-in-one's files.

    ``{options, answer, <video_key>}`` one per line, or as one JSON array: a
    list of texts and the number of the right one from 0; TGIF-QA's also have
    a ``question``.

    Each sample holds what one of :class:`TGIFChoiceQADataset` does;
    ``question`` is empty where there is none.

    Args:
        ann_file (str): The annotations, relative to ``data_root``.
        video_key (str): Under which key a row has its video. Defaults to
            'video_id'.
        num_options (int): Options that each row must have. Defaults to 5.
        **kwargs: See :class:`VideoTextDataset`.

    Examples:
        >>> msrvtt = dict(
        ...     type='ChoiceLinesDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='msrvtt_mc_test.jsonl',
        ...     video_key='clip_name',
        ...     data_prefix=dict(video='videos/all'))
        >>> tgif = dict(
        ...     type='ChoiceLinesDataset',
        ...     data_root='data/tgif',
        ...     ann_file='action_train.jsonl',
        ...     video_key='gif_name',
        ...     data_prefix=dict(video='gifs'),
        ...     video_suffix='.gif')
    """

    METAINFO = dict(dataset_type='choice_lines', task_name='multiple_choice')

    def __init__(self,
                 ann_file: str,
                 video_key: str = 'video_id',
                 num_options: int = 5,
                 **kwargs) -> None:
        check_text('video_key', video_key)
        check_whole('num_options', num_options)
        self.video_key = video_key
        self.num_options = num_options
        super().__init__(ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations."""
        return [
            self._sample(item, row, f'{self.ann_file}, row {row}')
            for row, item in enumerate(read_json_rows(self.ann_file))
        ]

    def _sample(self, item: dict, row: int, where: str) -> dict:
        require_keys(item, (self.video_key, 'options', 'answer'), where)
        question, options = item.get('question', ''), item['options']
        if not isinstance(question, str):
            raise ValueError(
                f'{where}, `question`: must be a text, but is {question!r}. '
                'Correct it, or take the row out.')
        if not isinstance(options, list) or len(options) != self.num_options:
            raise ValueError(
                f'{where}: `options` must be a list of {self.num_options} '
                f'texts, but is {options!r}. Correct it, or set '
                '`num_options`.')
        for number, option in enumerate(options):
            nonempty_text(option, f'{where}, `options` number {number}')
        video_id = name_text(item[self.video_key],
                             f'{where}, `{self.video_key}`')
        return dict(
            **self.name_video(video_id),
            **_choice(question, options, item['answer'], where),
            question_id=row)


def _choice(question: str, options: Sequence[str], answer: object,
            where: str) -> dict:
    label = class_index(answer, len(options), f'{where}, `answer`')
    return dict(
        question=question,
        options=options,
        label=[label],
        answer=options[label])
