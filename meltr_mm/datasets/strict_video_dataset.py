"""What every video-text dataset of this package shares."""
import os
import os.path as osp
from typing import Any, Dict, List

from mmengine.dataset import BaseDataset

from ..check_options import check_dict, check_text
from .container_checks import VideoError


class StrictVideoDataset(BaseDataset):
    """A :class:`mmengine.dataset.BaseDataset` that never hides a bad sample.

    MMEngine's base class replaces a training sample whose pipeline returned
    ``None`` by another, random one. Here every sample is either read or ends
    the run with an error that names its file. Video files are looked up when
    the annotations are read, not when a worker first needs them.

    Subclasses fill ``load_data_list`` with dicts that hold ``video_id`` and,
    where the frames come from files, ``filename``.
    """

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 data_prefix: dict = dict(),  # noqa: B006
                 **kwargs) -> None:
        check_text('ann_file', ann_file)
        check_text('data_root', data_root, empty=True)
        check_dict('data_prefix', data_prefix)
        for name, folder in data_prefix.items():
            check_text(f'data_prefix[{name!r}]', folder, empty=True)
        super().__init__(
            ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)

    def full_init(self) -> None:
        """Read the annotations, then check that the video files exist."""
        if self._fully_initialized:
            return
        super().full_init()
        self._check_files()

    def filter_data(self) -> List[dict]:
        """Check that there is something left of the annotations.

        Returns:
            list[dict]: The samples, as they are.

        Raises:
            ValueError: If there is none.
        """
        samples = super().filter_data()
        if not samples:
            raise ValueError(
                f'{self.ann_file}: there must be at least one sample, but '
                'there is none for what the config asks for.')
        return samples

    def in_root(self, path: str) -> str:
        """Complete a path that is relative to ``data_root``.

        Args:
            path (str): The path.

        Returns:
            str: The path from where the program runs.
        """
        return path if osp.isabs(path) else osp.join(self.data_root, path)

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one sample.

        Args:
            idx (int): Index of the sample.

        Returns:
            Any: What the pipeline returns.

        Raises:
            ValueError: If the video cannot be decoded, or if the pipeline
                returns ``None``.
        """
        info = self.get_data_info(idx)
        name = info.get('filename') or info['video_id']
        try:
            data = self.pipeline(info)
        except VideoError as error:
            raise VideoError(f'{error} Or take it out of '
                             f'{self.ann_file}.') from None
        except Exception as error:
            if is_decoder_error(error):
                reason = str(error).strip().splitlines()[0]
                raise ValueError(
                    f'{name}: the video cannot be decoded ({reason}). Fetch '
                    'or encode it again, or take its questions out of '
                    f'{self.ann_file}.') from None
            error.add_note(f'This happened while reading {name} for sample '
                           f'{idx} of {self.ann_file}.')
            raise
        if data is None:
            raise ValueError(
                f'{name}: a transform returned None for sample {idx} of '
                f'{self.ann_file}. Samples are never skipped or replaced; '
                'take it out of the annotations, or fix the transform.')
        return data

    def _check_files(self) -> None:
        folders: Dict[str, set] = {}
        missing: List[str] = []
        seen = set()
        for idx in range(len(self)):
            path = self.get_data_info(idx).get('filename')
            if path is None or path in seen:
                continue
            seen.add(path)
            folder = osp.dirname(path)
            if folder not in folders:
                if not osp.isdir(folder):
                    raise FileNotFoundError(
                        f'{folder}: the folder of the videos of '
                        f'{self.ann_file} does not exist. Put the videos '
                        'there, or set `data_prefix=dict(video=...)`.')
                folders[folder] = set(os.listdir(folder))
            if osp.basename(path) not in folders[folder]:
                missing.append(path)
        if missing:
            others = f', nor do {len(missing) - 1} others of {len(seen)}' \
                if len(missing) > 1 else ''
            raise FileNotFoundError(
                f'{missing[0]}: this video of {self.ann_file} does not '
                f'exist{others}. '
                'Put them there, or check `data_prefix` and `video_suffix`.')


def check_video_folder(data_prefix: Any) -> None:
    """Check what a dataset is told that always reads videos.

    Args:
        data_prefix (Any): What a config says.

    Raises:
        ValueError: If it is no dict with the key ``video``.
    """
    check_dict('data_prefix', data_prefix)
    if 'video' not in data_prefix:
        raise ValueError('data_prefix must be dict(video=<folder of the '
                         f'videos>), but got {data_prefix!r}')


def check_video_suffix(video_suffix: Any) -> None:
    """Check the ending of video files.

    Args:
        video_suffix (Any): What a config says.

    Raises:
        ValueError: If it is no text, or names a folder.
    """
    check_text('video_suffix', video_suffix, empty=True)
    if osp.basename(video_suffix) != video_suffix:
        raise ValueError('video_suffix must be the ending of files, such as '
                         f"'.mp4', but got {video_suffix!r}")


def is_decoder_error(error: Exception) -> bool:
    """Tell errors about a video file from all others.

    Args:
        error (Exception): What a pipeline has raised.

    Returns:
        bool: Whether a video decoder did.
    """
    # Decord raises plain RuntimeErrors too, so what counts is where it came
    # from: the innermost frame.
    frame = error.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    module = frame.tb_frame.f_globals.get('__name__', '')
    return module.split('.')[0] in ('decord', 'av')
