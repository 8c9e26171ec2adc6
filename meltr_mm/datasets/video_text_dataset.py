"""What every video-text dataset of this package shares."""
import os
import os.path as osp
from typing import Any, Dict, List, Optional

from mmengine.dataset import BaseDataset
from mmengine.dataset.base_dataset import force_full_init
from mmengine.logging import print_log

from ..check_options import check_choice, check_dict, check_text
from .container_checks import VideoError
from .data_files import read_lines


class MissingVideosError(FileNotFoundError):
    """Videos of a data set are not there; ``paths`` has all of them."""

    def __init__(self, message: str, paths: List[str]) -> None:
        super().__init__(message)
        self.paths = paths


class VideoTextDataset(BaseDataset):
    """A :class:`mmengine.dataset.BaseDataset` that never hides a bad sample.

    MMEngine's base class replaces a training sample whose pipeline returned
    ``None`` by another, random one. Here every sample is either read or ends
    the run with an error that names its file. Video files are looked up when
    the annotations are read, not when a worker first needs them.

    Subclasses fill ``load_data_list`` with dicts that begin with
    :meth:`name_video`.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        data_root (str): Root of all relative paths. Defaults to ``''``.
        data_prefix (dict, optional): ``dict(video=<folder of the videos>)``,
            or None where frames or features come from a table. Defaults to
            ``dict(video='videos')``.
        video_suffix (str): Ending of the video files. Defaults to
            ``'.mp4'``.
        exclude_file (str, optional): A list of videos to leave out, one name
            or file per line, as ``tools/data/check.py --deep`` writes it;
            relative to ``data_root``. Lines that begin with ``#`` are
            comments. How many samples it takes away is logged.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: For a missing folder, annotation file or video.
        ValueError: For a malformed file or row; the message names both.
    """

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 data_prefix: Optional[dict] = dict(video='videos'),  # noqa: B006, E501
                 video_suffix: str = '.mp4',
                 exclude_file: Optional[str] = None,
                 **kwargs) -> None:
        check_text('ann_file', ann_file)
        check_text('data_root', data_root, empty=True)
        data_prefix = {} if data_prefix is None else data_prefix
        check_dict('data_prefix', data_prefix)
        for name, folder in data_prefix.items():
            check_text(f'data_prefix[{name!r}]', folder, empty=True)
        check_text('video_suffix', video_suffix, empty=True)
        if osp.basename(video_suffix) != video_suffix:
            raise ValueError('video_suffix must be the ending of files, such '
                             f"as '.mp4', but got {video_suffix!r}")
        if exclude_file is not None:
            check_text('exclude_file', exclude_file)
        self.video_suffix = video_suffix
        self.exclude_file = exclude_file
        self.num_excluded = 0  # samples, once they are read
        super().__init__(
            ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs)

    def name_video(self, video_id: str) -> dict:
        """Start a sample.

        Args:
            video_id (str): Name of the video, without ending.

        Returns:
            dict: ``video_id``, and ``filename`` where videos are read.
        """
        sample = dict(video_id=video_id)
        if 'video' in self.data_prefix:
            sample['filename'] = osp.join(self.data_prefix['video'],
                                          video_id + self.video_suffix)
        return sample

    @property
    @force_full_init
    def num_texts(self) -> int:
        """int: Number of texts to rank in retrieval, one per sample."""
        return len(self)

    @property
    @force_full_init
    def num_videos(self) -> int:
        """int: Number of different videos, or clips, to rank."""
        infos = map(super().get_data_info, range(len(self)))
        return len({info.get('video_index', info['video_id'])
                    for info in infos})

    def full_init(self) -> None:
        """Read the annotations, then check that the video files exist."""
        if self._fully_initialized:
            return
        super().full_init()
        self._check_files()

    def filter_data(self) -> List[dict]:
        """Leave out what ``exclude_file`` names.

        Returns:
            list[dict]: The other samples.

        Raises:
            ValueError: If there is none.
        """
        samples = super().filter_data()
        if not samples:
            raise ValueError(
                f'{self.ann_file}: there must be at least one sample, but '
                'there is none for what the config asks for.')
        if self.exclude_file is not None:
            samples = self._not_excluded(samples)
        return samples

    def _not_excluded(self, samples: List[dict]) -> List[dict]:
        path = self.in_root(self.exclude_file)
        names = {
            line for _, line in read_lines(path, 'list of excluded videos')
            if not line.startswith('#')
        }
        kept = [s for s in samples if not names & _names_of(s)]
        self.num_excluded = len(samples) - len(kept)
        if not kept:
            raise ValueError(
                f'{path}: must leave something of {self.ann_file}, but '
                f'excludes all of its {len(samples)} samples.')
        print_log(
            f'{path}: leaves out {self.num_excluded} of '
            f'{len(samples)} samples of {self.ann_file}', 'current')
        return kept

    def in_root(self, path: str) -> str:
        """Complete a path that is relative to ``data_root``."""
        return path if osp.isabs(path) else osp.join(self.data_root, path)

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one sample.

        Raises:
            ValueError: If the video cannot be decoded, or if the pipeline
                returns ``None``.
        """
        info = self.get_data_info(idx)
        name = info.get('filename') or info['video_id']
        try:
            data = self.pipeline(info)
        except VideoError as error:
            raise VideoError(f'{error} Or name it in the `exclude_file` of '
                             'the data set.') from None
        except Exception as error:
            if is_decoder_error(error):
                reason = str(error).strip().splitlines()[0]
                raise ValueError(
                    f'{name}: the video cannot be decoded ({reason}). Fetch '
                    'or encode it again, or name it in the `exclude_file` of '
                    'the data set.') from None
            _add_note(error, f'This happened while reading {name} for '
                             f'sample {idx} of {self.ann_file}.')
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
        paths = {}  # in their order
        for idx in range(len(self)):
            paths[self.get_data_info(idx).get('filename')] = None
        paths.pop(None, None)
        for path in paths:
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
            others = f', nor do {len(missing) - 1} others of {len(paths)}' \
                if len(missing) > 1 else ''
            raise MissingVideosError(
                f'{missing[0]}: this video of {self.ann_file} does not '
                f'exist{others}. Put them there, check `data_prefix` and '
                '`video_suffix`, or name them in `exclude_file`.', missing)


class SplitVideoDataset(VideoTextDataset):
    """One split of a data set whose file may hold several.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        split (str): ``'train'``, ``'val'`` or ``'test'``. Defaults to
            ``'train'``.
        **kwargs: See :class:`VideoTextDataset`.
    """

    SPLITS = ('train', 'val', 'test')

    def __init__(self,
                 ann_file: str,
                 split: str = 'train',
                 **kwargs) -> None:
        check_choice('split', split, self.SPLITS)
        self.split = split
        super().__init__(ann_file, **kwargs)


def _names_of(sample: dict) -> set:
    path = sample.get('filename', '')
    return {sample['video_id'], path, osp.basename(path)} - {''}


def _add_note(error: Exception, note: str) -> None:
    """``Exception.add_note``, which Python has from 3.11 on."""
    text = error.args[0] if error.args else ''
    if isinstance(text, str):
        error.args = (f'{text}\n{note}', *error.args[1:])


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
