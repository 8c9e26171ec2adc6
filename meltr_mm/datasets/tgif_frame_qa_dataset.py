"""Open-ended question answering on TGIF: FrameQA."""
from typing import Union

from mmaction.registry import DATASETS

from .open_ended_qa_dataset import OpenEndedQADataset
from .read_json import read_json
from .read_table import read_table

TYPES = {'0': 'object', '1': 'number', '2': 'colour', '3': 'location'}


@DATASETS.register_module()
class TGIFFrameQADataset(OpenEndedQADataset):
    """FrameQA of TGIF-QA in either of its two forms.

    *VIOLET's form*: ``txt_tgif-frame.json``.

    *The original form* (Jang et al., 2017): ``Train_frameqa_question.csv``
    and ``Test_frameqa_question.csv``, with tabs between the columns; read
    are ``gif_name``, ``question``, ``answer`` (a word) and ``type`` (0
    object, 1 number, 2 colour, 3 location), which groups the questions.

    There is no validation file: cut one off the training set by
    :class:`SeededSplit`. VIOLET uses a vocabulary of 1540.

    Args:
        *args: See :class:`OpenEndedQADataset`.
        video_suffix (str): Ending of the clips. Defaults to ``'.gif'``.
        vocab_size (int): Defaults to 1540.
        **kwargs: See :class:`OpenEndedQADataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or GIF.
        ValueError: For a malformed file or row; the message names both.

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
    ORIGINAL_KEYS = ('gif_name', 'question', 'answer')

    def __init__(self,
                 *args,
                 video_suffix: str = '.gif',
                 vocab_size: int = 1540,
                 **kwargs) -> None:
        super().__init__(
            *args, video_suffix=video_suffix, vocab_size=vocab_size, **kwargs)

    def read_annotations(self, path: str) -> Union[dict, list]:
        """Read JSON or a table; see :class:`OpenEndedQADataset`."""
        return read_json(path) if path.endswith('.json') else read_table(path)

    def question_type(self, item: dict) -> str:
        """Take the type that the table gives, if it does."""
        number = str(item.get('type', ''))
        return TYPES.get(number) or super().question_type(item)
