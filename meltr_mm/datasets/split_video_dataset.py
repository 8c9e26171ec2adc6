"""What the data sets with a list of samples per split share."""
import os.path as osp
from typing import Optional

from ..check_options import check_choice
from .strict_video_dataset import StrictVideoDataset, check_video_suffix


class SplitVideoDataset(StrictVideoDataset):
    """One split of a data set of videos and texts.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        split (str): ``'train'``, ``'val'`` or ``'test'``: which list of a
            file that has several to read. Defaults to ``'train'``.
        data_root (str): Root of all relative paths. Defaults to ``''``.
        data_prefix (dict, optional): ``dict(video=<folder of the clips>)``,
            or None when the frames come from a pickle (see
            :class:`DecodeJPEGFrames`). Defaults to ``dict(video='videos')``.
        video_suffix (str): Ending of the clip files. Defaults to ``'.mp4'``.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For an unknown split, or a malformed file.
    """

    SPLITS = ('train', 'val', 'test')

    def __init__(self,
                 ann_file: str,
                 split: str = 'train',
                 data_root: str = '',
                 data_prefix: Optional[dict] = dict(video='videos'),  # noqa: B006, E501
                 video_suffix: str = '.mp4',
                 **kwargs) -> None:
        check_choice('split', split, self.SPLITS)
        check_video_suffix(video_suffix)
        self.split = split
        self.video_suffix = video_suffix
        super().__init__(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix or {},
            **kwargs)

    def name_video(self, video_id: str) -> dict:
        """Start a sample.

        Args:
            video_id (str): Name of the clip, without ending.

        Returns:
            dict: ``video_id``, and ``filename`` where videos are read.
        """
        sample = dict(video_id=video_id)
        if 'video' in self.data_prefix:
            sample['filename'] = osp.join(self.data_prefix['video'],
                                          video_id + self.video_suffix)
        return sample
