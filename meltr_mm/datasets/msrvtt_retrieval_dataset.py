"""Text-to-video retrieval on MSRVTT."""
from typing import List

from mmaction.registry import DATASETS
from mmengine.dataset.base_dataset import force_full_init

from .check_row import check_row
from .read_json import read_json
from .split_video_dataset import SplitVideoDataset


@DATASETS.register_module()
class MSRVTTRetrievalDataset(SplitVideoDataset):
    """Pairs of an MSRVTT clip and a caption, one sample per caption.

    *MELTR's form*: a file per split (``train_7k.json``, ``train_9k.json``,
    ``test.json``, the JSFusion test set), a dict whose key ``sentences`` has
    a list of ``{video_id, caption}``.

    *VIOLET's form*: one file, a dict with the keys ``train``, ``val``,
    ``test``: lists of ``{video, caption}``.

    The form is recognised from the file. Each sample holds ``video_id``
    (str), ``filename`` (str, only with ``data_prefix['video']``) and
    ``caption`` (str). Retrieval over the data set ranks its
    :attr:`num_videos` clips for each of its :attr:`num_texts` captions.

    Args:
        *args, **kwargs: See :class:`SplitVideoDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or row; the message names both.

    Example:
        >>> dict(
        ...     type='MSRVTTRetrievalDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='train_9k.json',
        ...     pipeline=train_pipeline)
    """

    METAINFO = dict(dataset_type='msrvtt', task_name='retrieval')

    @property
    @force_full_init
    def num_texts(self) -> int:
        """int: Number of captions."""
        return len(self)

    @property
    @force_full_init
    def num_videos(self) -> int:
        """int: Number of different clips."""
        return len({
            self.get_data_info(idx)['video_id']
            for idx in range(len(self))
        })

    def load_data_list(self) -> List[dict]:
        """Read the captions of one split.

        Returns:
            list[dict]: One dict per caption, see the class.
        """
        content = read_json(self.ann_file)
        if not isinstance(content, dict):
            raise ValueError(
                f'{self.ann_file}: must hold a dict, but holds a '
                f'{type(content).__name__}.')
        key, video = ('sentences', 'video_id')
        if key not in content:
            key, video = (self.split, 'video')
        rows = content.get(key)
        if not isinstance(rows, list) or not rows:
            raise ValueError(
                f"{self.ann_file}: must have the key 'sentences' or "
                f'{self.split!r} with a list of captions that is not empty, '
                f'but its keys are {sorted(content)}.')
        return [
            self._sample(item, video, f'{self.ann_file}, {key!r} row {row}')
            for row, item in enumerate(rows)
        ]

    def _sample(self, item: dict, video: str, where: str) -> dict:
        check_row(item, (video, 'caption'), where, (video, 'caption'))
        return dict(**self.name_video(item[video]), caption=item['caption'])
