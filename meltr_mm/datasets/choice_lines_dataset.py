"""Multiple choice in All-in-one's files."""
from typing import Any, Dict

from mmaction.registry import DATASETS

from ..check_options import check_whole
from .lines_video_dataset import LinesVideoDataset


@DATASETS.register_module()
class ChoiceLinesDataset(LinesVideoDataset):
    """Videos with several texts, one of them right, one video per line.

    A line is ``{options, answer, <video_key>}``: a list of texts and the
    number of the right one from 0; TGIF-QA's also have a ``question``.

    Each sample holds ``video_id`` and ``filename`` (str), ``options`` (list
    of str), ``answer`` (str, the right option), ``label`` (list of one int),
    ``question`` (str, empty where there is none) and ``question_id`` (int,
    the row).

    Args:
        ann_file (str): The file of lines, relative to ``data_root``.
        num_options (int): Options that each line must have. Defaults to 5.
        **kwargs: See :class:`LinesVideoDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or line; the message names both.

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
    row_keys = ('options', 'answer')

    def __init__(self, ann_file: str, num_options: int = 5, **kwargs) -> None:
        check_whole('num_options', num_options)
        self.num_options = num_options
        super().__init__(ann_file, **kwargs)

    def read_row(self, item: Dict[str, Any], where: str) -> dict:
        """Read the options; see :meth:`LinesVideoDataset.read_row`."""
        options, answer = item['options'], item['answer']
        question = item.get('question', '')
        if not isinstance(question, str):
            raise ValueError(
                f'{where}: `question` must be a text, but is {question!r}. '
                'Correct it, or take the row out.')
        if not isinstance(options, list) or len(
                options) != self.num_options or not all(
                    isinstance(option, str) for option in options):
            raise ValueError(
                f'{where}: `options` must be a list of {self.num_options} '
                f'texts, but is {options!r}. Correct it, or set '
                '`num_options`.')
        if type(answer) is not int or not 0 <= answer < len(options):
            raise ValueError(
                f'{where}: `answer` must be the number of the right option, '
                f'0..{len(options) - 1}, but is {answer!r}. Correct it, or '
                'take the row out.')
        return dict(
            question=question,
            options=options,
            answer=options[answer],
            label=[answer])
