"""Text-to-video retrieval on MSRVTT in All-in-one's files."""
import operator
import os.path as osp
from typing import Dict, List, Optional

from mmaction.registry import DATASETS
from mmengine.dataset.base_dataset import force_full_init

from ..check_options import check_text
from .check_row import check_row
from .read_json import read_json
from .read_text import read_text
from .safe_pickle import load_video_table
from .strict_video_dataset import (
    StrictVideoDataset,
    check_video_folder,
    check_video_suffix,
)


@DATASETS.register_module()
class MSRVTTListDataset(StrictVideoDataset):
    """The videos of a list, each with its captions.

    ``MSR_VTT.json`` is a dict whose ``annotations`` are ``{image_id,
    caption}`` with the name of a video as ``image_id``. A list has one video
    name per line: ``train_list_7k.txt``, ``train_list_9k.txt``, or
    ``val_list_jsfusion.txt``, whose videos have the one caption each that
    ``jsfusion_val_caption_idx.pkl`` says (a dict from names to the number of
    the caption).

    Items are videos, not captions. Each sample holds ``video_id`` and
    ``filename`` (str) and ``captions`` (list of str), of which
    :class:`PickCaption` chooses.

    Args:
        ann_file (str): The file of captions, relative to ``data_root``.
        list_file (str): The list of videos.
        caption_index_file (str, optional): Keep the captions that this
            pickle names, one per video, as for testing. Defaults to None:
            all captions.
        data_root (str): Root of all relative paths. Defaults to ``''``.
        data_prefix (dict): ``dict(video=<folder of the videos>)``. Defaults
            to ``dict(video='videos')``.
        video_suffix (str): Ending of the video files. Defaults to
            ``'.mp4'``.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder, file or video.
        ValueError: For a malformed file, or a video without captions; the
            message names both.

    Example:
        >>> dict(
        ...     type='MSRVTTListDataset',
        ...     data_root='data/msrvtt',
        ...     ann_file='MSR_VTT.json',
        ...     list_file='val_list_jsfusion.txt',
        ...     caption_index_file='jsfusion_val_caption_idx.pkl',
        ...     pipeline=test_pipeline)
    """

    METAINFO = dict(dataset_type='msrvtt', task_name='retrieval')

    def __init__(self,
                 ann_file: str,
                 list_file: str,
                 caption_index_file: Optional[str] = None,
                 data_root: str = '',
                 data_prefix: dict = dict(video='videos'),  # noqa: B006
                 video_suffix: str = '.mp4',
                 **kwargs) -> None:
        check_text('list_file', list_file)
        if caption_index_file is not None:
            check_text('caption_index_file', caption_index_file)
        check_video_suffix(video_suffix)
        check_video_folder(data_prefix)
        self.list_file = list_file
        self.caption_index_file = caption_index_file
        self.video_suffix = video_suffix
        super().__init__(
            ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)

    @property
    @force_full_init
    def num_videos(self) -> int:
        """int: Number of videos."""
        return len(self)

    @property
    @force_full_init
    def num_texts(self) -> int:
        """int: Number of captions that are used, one per video."""
        return len(self)

    def load_data_list(self) -> List[dict]:
        """Read list and captions.

        Returns:
            list[dict]: One dict per video of the list, in its order.
        """
        captions = self._read_captions()
        chosen = None
        if self.caption_index_file is not None:
            chosen = load_video_table(self.in_root(self.caption_index_file))
        samples = []
        for video_id in self._read_list():
            if video_id not in captions:
                raise ValueError(
                    f'{self.ann_file}: there is no caption of {video_id!r}, '
                    f'which {self.list_file} lists. Both files must be of '
                    'the same release.')
            own = captions[video_id]
            if chosen is not None:
                own = [self._chosen(own, chosen, video_id)]
            samples.append(
                dict(
                    video_id=video_id,
                    filename=osp.join(self.data_prefix['video'],
                                      video_id + self.video_suffix),
                    captions=own))
        return samples

    def _read_captions(self) -> Dict[str, List[str]]:
        content = read_json(self.ann_file)
        rows = content.get('annotations') if isinstance(content,
                                                        dict) else None
        if not isinstance(rows, list):
            raise ValueError(
                f"{self.ann_file}: must hold a dict with the key "
                "'annotations' and a list of captions.")
        captions: Dict[str, List[str]] = {}
        for row, item in enumerate(rows):
            check_row(item, ('image_id', 'caption'),
                      f'{self.ann_file}, row {row}',
                      ('image_id', 'caption'))
            captions.setdefault(item['image_id'], []).append(item['caption'])
        return captions

    def _read_list(self) -> List[str]:
        path = self.in_root(self.list_file)
        names = read_text(path, 'list of videos').split()
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f'{path}: must have one video name per line, each once, but '
                f'has {len(names)} names of {len(set(names))} videos.')
        return names

    def _chosen(self, captions: List[str], chosen: dict,
                video_id: str) -> str:
        index = chosen.get(video_id)
        try:
            place = operator.index(index)
        except TypeError:
            place = -1
        if isinstance(index, bool) or not 0 <= place < len(captions):
            raise ValueError(
                f'{self.caption_index_file}: must give the number of a '
                f'caption of {video_id!r}, 0..{len(captions) - 1}, but gives '
                f'{index!r}. The files must be of the same release.')
        return captions[place]
