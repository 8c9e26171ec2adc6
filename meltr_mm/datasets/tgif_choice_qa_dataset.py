"""Multiple-choice question answering on TGIF: actions and transitions."""
from typing import List, Optional

from mmaction.registry import DATASETS

from ..check_options import check_whole
from .check_row import check_row
from .read_json import read_json
from .read_table import read_table
from .split_video_dataset import SplitVideoDataset


@DATASETS.register_module()
class TGIFChoiceQADataset(SplitVideoDataset):
    """TGIF-QA's repeating actions and state transitions, in either form.

    *VIOLET's form*: ``txt_tgif-action.json`` or ``txt_tgif-transition.json``,
    a dict with the keys ``train``, ``val``, ``test``: lists of ``{video,
    question, option_0, ..., option_4, answer}`` where ``answer`` is an int.

    *The original form* (Jang et al., 2017): ``{Train,Test}_action_question
    .csv`` and ``{Train,Test}_transition_question.csv``, with tabs between
    the columns; read are ``gif_name``, ``question``, ``a1``, ..., ``a5`` and
    ``answer``, which counts from 0.

    The form is recognised from the ending. The original form has no
    validation file: cut one off the training set by :class:`SeededSplit`.

    Each sample holds ``video_id`` (str), ``filename`` (str, only with
    ``data_prefix['video']``), ``question`` (str), ``options`` (list of str),
    ``label`` (list of one int), ``answer`` (str, the right option) and
    ``question_id`` (int, the row).

    Args:
        *args: See :class:`SplitVideoDataset`; the original form has one file
            per split.
        data_prefix (dict, optional): ``dict(video=<folder of the GIFs>)``,
            or None when the frames come from a pickle. Defaults to
            ``dict(video='gifs')``.
        video_suffix (str): Ending of the clips. Defaults to ``'.gif'``.
        num_options (int): Options of each question. Defaults to 5.
        **kwargs: See :class:`SplitVideoDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or GIF.
        ValueError: For a malformed file or row; the message names both.

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
                 data_prefix: Optional[dict] = dict(video='gifs'),  # noqa: B006, E501
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
        """Read the annotations of one split.

        Returns:
            list[dict]: One dict per question, see the class.
        """
        if self.ann_file.endswith('.json'):
            samples = self._read_violet_form()
        else:
            samples = [
                self._sample(item, 'gif_name', 'a', 1, row,
                             f'{self.ann_file}, ')
                for row, item in enumerate(read_table(self.ann_file))
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
        file = f'{self.ann_file}, {self.split!r} '
        return [
            self._sample(item, 'video', 'option_', 0, row, file)
            for row, item in enumerate(content[self.split])
        ]

    def _sample(self, item: dict, video: str, option: str, first: int,
                row: int, file: str) -> dict:
        where = f'{file}row {row}'
        keys = [f'{option}{first + i}' for i in range(self.num_options)]
        check_row(item, [video, 'question', *keys, 'answer'], where,
                  [video, 'question', *keys])
        beyond = f'{option}{first + self.num_options}'
        if beyond in item:
            raise ValueError(
                f'{where}: must have {self.num_options} options, but has '
                f'{beyond!r} too. Set `num_options`.')
        label = str(item['answer'])
        if label not in map(str, range(self.num_options)):
            raise ValueError(
                f'{where}: `answer` must be the number of the right option, '
                f"0..{self.num_options - 1}, but is {item['answer']!r}. "
                'Correct it, or take the row out.')
        options = [item[key] for key in keys]
        return dict(
            **self.name_video(item[video]),
            question=item['question'],
            options=options,
            label=[int(label)],
            answer=options[int(label)],
            question_id=row)
