"""Open-ended question answering on MSVD."""
from typing import Dict

from mmaction.registry import DATASETS

from ..check_options import check_text
from .check_row import name_in_row
from .open_ended_qa_dataset import OpenEndedQADataset
from .read_clip_names import read_clip_names


@DATASETS.register_module()
class MSVDQADataset(OpenEndedQADataset):
    """MSVD-QA in either of the two forms in which it is handed around.

    *VIOLET's form*: one file ``txt_msvd-qa.json``.

    *The original form* (Xu et al., 2017): ``{train,val,test}_qa.json``, lists
    of ``{id, video_id, question, answer}`` where ``answer`` is a string, and
    ``youtube_mapping.txt`` with lines ``<clip name> vid<video_id>``.

    The distributed clips are ``.avi``; VIOLET uses a vocabulary of 1000.

    Args:
        *args: See :class:`OpenEndedQADataset`.
        mapping_file (str): Original form only: the table of clip names.
            Defaults to ``'youtube_mapping.txt'``.
        **kwargs: See :class:`OpenEndedQADataset`.

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
    ORIGINAL_KEYS = ('video_id', 'question', 'answer')

    def __init__(self,
                 *args,
                 mapping_file: str = 'youtube_mapping.txt',
                 **kwargs) -> None:
        check_text('mapping_file', mapping_file)
        self.mapping_file = mapping_file
        self._clip_of: Dict[str, str] = {}
        super().__init__(*args, **kwargs)

    def video_of(self, item: dict, where: str) -> str:
        """Look the clip of a row up; see :class:`OpenEndedQADataset`."""
        path = self.in_root(self.mapping_file)
        if not self._clip_of:
            self._clip_of = read_clip_names(path)
        key = f"vid{name_in_row(item, 'video_id', where)}"
        if key not in self._clip_of:
            raise ValueError(
                f'{where}: the video {key!r} is not in {path}. '
                'Both files must be of the same release.')
        return self._clip_of[key]
