"""What the data sets in All-in-one's files of JSON lines share."""
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence

from ..check_options import check_text
from .check_row import check_row, name_in_row
from .read_clip_names import read_clip_names
from .read_json_lines import read_json_lines
from .strict_video_dataset import (
    StrictVideoDataset,
    check_video_folder,
    check_video_suffix,
)


class LinesVideoDataset(StrictVideoDataset):
    """One annotated video per line of a file.

    Subclasses turn a line into a sample by :meth:`read_row`.

    Args:
        ann_file (str): The file of lines, relative to ``data_root``.
        video_key (str): Under which key a line has its video.
            Defaults to 'video_id'.
        data_root (str): Root of all relative paths. Defaults to ``''``.
        data_prefix (dict): ``dict(video=<folder of the videos>)``. Defaults
            to ``dict(video='videos')``.
        video_suffix (str): Ending of the video files. Defaults to
            ``'.mp4'``.
        mapping_file (str, optional): Table with lines ``<file name without
            ending> vid<id>``, by which MSVD-QA's numbers stand for videos.
            Defaults to None.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or line; the message names both.
    """

    # Keys that a line must have, beside that of the video, and those among
    # them that must be texts.
    row_keys: Sequence[str] = ()
    row_texts: Sequence[str] = ()

    def __init__(self,
                 ann_file: str,
                 video_key: str = 'video_id',
                 data_root: str = '',
                 data_prefix: dict = dict(video='videos'),  # noqa: B006
                 video_suffix: str = '.mp4',
                 mapping_file: Optional[str] = None,
                 **kwargs) -> None:
        check_text('video_key', video_key)
        check_video_suffix(video_suffix)
        check_video_folder(data_prefix)
        if mapping_file is not None:
            check_text('mapping_file', mapping_file)
        self.video_key = video_key
        self.video_suffix = video_suffix
        self.mapping_file = mapping_file
        super().__init__(
            ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the annotations.

        Returns:
            list[dict]: One dict per line, see the class.
        """
        names = None
        if self.mapping_file is not None:
            names = read_clip_names(self.in_root(self.mapping_file))
        samples = []
        for row, item in enumerate(read_json_lines(self.ann_file)):
            where = f'{self.ann_file}, row {row}'
            check_row(item, (self.video_key, *self.row_keys), where,
                      self.row_texts)
            video_id = name_in_row(item, self.video_key, where)
            if names is not None:
                if f'vid{video_id}' not in names:
                    raise ValueError(
                        f"{where}: the video 'vid{video_id}' is not in "
                        f'{self.mapping_file}. Both files must be of the '
                        'same release.')
                video_id = names[f'vid{video_id}']
            samples.append(
                dict(
                    video_id=video_id,
                    filename=osp.join(self.data_prefix['video'],
                                      video_id + self.video_suffix),
                    question_id=row,
                    **self.read_row(item, where)))
        return samples

    def read_row(self, item: Dict[str, Any], where: str) -> dict:
        """Read what a line says about its video.

        Args:
            item (dict): The line; has the ``row_keys``.
            where (str): File and row, for errors.

        Returns:
            dict: Fields of the sample.
        """
        raise NotImplementedError
