"""What was extracted from videos beforehand: features and codes."""
from typing import Any, Dict, Optional

import numpy as np
import torch
from mmaction.registry import TRANSFORMS

from ...check_options import check_number, check_text, check_whole
from ..video_tables import array_of, load_code_table, load_feature_table
from .transform import Transform


@TRANSFORMS.register_module()
class LoadVideoFeatures(Transform):
    """Look up the features of a video, or of a clip of it.

    The file maps an id to an array (T, D): a pickle, or the memory-mapped
    form that ``tools/data/convert_features.py`` makes of it. A clip from
    ``start`` to ``end`` seconds is the vectors from int(start r) to int(end
    r), both included, with r vectors per second; without them it is the whole
    video. The first ``max_frames`` vectors are kept, shorter clips are padded
    with zeros. The file is opened when the pipeline is built, once per
    process.

    Required key: ``feature_id``. Optional keys: ``start``, ``end``. Added
    keys: ``imgs`` (Tensor (F, D), float32; the name under which
    ``PackActionInputs`` expects what goes into the model) and
    ``video_mask`` (Tensor (F,), int64, 1 = vector, 0 = padding).

    Args:
        feature_file (str, optional): The pickle, or the ``.npy``. None: each
            sample brings its own ``features``, an array (T, D).
        max_frames (int): F.
        feature_dim (int): D. Defaults to 1024 (S3D).
        rate (float): r, vectors per second. Defaults to 1.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: For the file, see
            :func:`meltr_mm.datasets.video_tables.load_feature_table`.
        ValueError: For a video without features, with features of another
            width or that are not finite, and for a clip without any.
    """

    def __init__(self,
                 feature_file: Optional[str],
                 max_frames: int,
                 feature_dim: int = 1024,
                 rate: float = 1.) -> None:
        if feature_file is not None:
            check_text('feature_file', feature_file)
        check_whole('max_frames', max_frames)
        check_whole('feature_dim', feature_dim)
        check_number('rate', rate, above=0)
        self.feature_file = feature_file
        self.max_frames = max_frames
        self.feature_dim = feature_dim
        self.rate = rate
        if feature_file is not None:
            load_feature_table(feature_file)

    def transform(self, results: Dict) -> Dict:
        """Add features and mask."""
        name = results['feature_id']
        video = array_of(self._video(results), 'fiu')
        if video is None or video.ndim != 2 or \
                video.shape[1] != self.feature_dim:
            given = 'no array of numbers' if video is None else video.shape
            raise ValueError(
                f'{self._where}the features of {name!r} must be '
                f'(seconds, {self.feature_dim}), but are {given}. Set '
                '`feature_dim`, here and in the model, or use another file.')
        if not len(video):
            raise ValueError(f'{self._where}there are no features of '
                             f'{name!r}, but an empty array. Extract them '
                             'again, or take the clip out.')
        clip = self._clip(video, results)
        if not len(clip):
            raise ValueError(
                f'{self._where}the {len(video)} vectors of {name!r} '
                f'have none between {results.get("start", 0)} and '
                f'{results.get("end", "the end")} seconds. Correct the '
                'times, extract the whole video, or take the clip out.')
        with np.errstate(over='ignore'):  # too large is not finite either
            clip = clip[:self.max_frames].astype(np.float32)
        if not np.isfinite(clip).all():
            raise ValueError(
                f'{self._where}the features of {name!r} must be '
                'finite numbers, but some are not. Extract them again.')
        features = np.zeros((self.max_frames, self.feature_dim), np.float32)
        features[:len(clip)] = clip
        results['imgs'] = torch.from_numpy(features)
        results['video_mask'] = (
            torch.arange(self.max_frames) < len(clip)).long()
        return results

    @property
    def _where(self) -> str:
        return '' if self.feature_file is None else f'{self.feature_file}: '

    def _video(self, results: Dict) -> Any:
        if self.feature_file is None:
            return results['features']
        name, table = results['feature_id'], load_feature_table(
            self.feature_file)
        if name not in table:
            raise ValueError(
                f'{self.feature_file}: there are no features of {name!r} '
                f'among {len(table)} videos. Extract them, or use the file '
                'of the same data set.')
        return table[name]

    def _clip(self, video: np.ndarray, results: Dict) -> np.ndarray:
        if 'start' not in results:
            return video
        first = int(results['start'] * self.rate)
        last = int(results['end'] * self.rate)
        return video[first:last + 1]


@TRANSFORMS.register_module()
class LoadVQCodes(Transform):
    """Look up the code of every cell of every frame.

    The table maps a video id to T arrays (h, w) of integers, or to one
    array (T, h, w): one code per ``cell`` x ``cell`` pixels of the resized
    frame. VIOLET's codes are those of the DALL-E dVAE. The table is a pickle,
    or an array file that is mapped into memory (see
    :class:`~meltr_mm.datasets.video_tables.MappedCodes`). Stands after the
    resize. The file is read when the pipeline is built, once per process.

    Required keys: ``video_id``, ``imgs``. Added key: ``vq_codes`` (Tensor
    (T, h, w), int64).

    Args:
        vq_file (str, optional): The ``.pkl`` or ``.npy`` file. None adds
            nothing, for a pipeline that needs no labels.
        num_codes (int): Size of the codebook. Defaults to 8192 (dVAE).
        cell (int): Side of a cell, pixels. Defaults to 32.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: For the file, see
            :func:`meltr_mm.datasets.video_tables.load_code_table`.
        ValueError: For a video without codes.
        ValueError: For codes of another grid, or outside the codebook.
    """

    def __init__(self,
                 vq_file: Optional[str],
                 num_codes: int = 8192,
                 cell: int = 32) -> None:
        if vq_file is not None:
            check_text('vq_file', vq_file)
        check_whole('num_codes', num_codes)
        check_whole('cell', cell)
        self.vq_file = vq_file
        self.num_codes = num_codes
        self.cell = cell
        if vq_file is not None:
            load_code_table(vq_file)

    def transform(self, results: Dict) -> Dict:
        """Add the codes."""
        if self.vq_file is None:
            return results
        video_id = results['video_id']
        table = load_code_table(self.vq_file)
        if video_id not in table:
            raise ValueError(
                f'{self.vq_file}: there are no codes of the video '
                f'{video_id!r} among {len(table)} videos. Extract them, or '
                'use the file of the same data set.')
        height, width = results['imgs'][0].shape[:2]
        grid = (len(results['imgs']), height // self.cell, width // self.cell)
        codes = array_of(table[video_id], 'iu')
        if codes is None or codes.shape != grid:
            given = 'no equal grids of whole numbers' if codes is None \
                else codes.shape
            raise ValueError(
                f'{self.vq_file}: the codes of the video {video_id!r} must '
                f'be {grid[0]} grids of {grid[1]}x{grid[2]} for '
                f'{grid[0]} frames of {height}x{width} pixels, but are '
                f'{given}. Extract them for this number and size of frames.')
        if codes.min() < 0 or codes.max() >= self.num_codes:
            raise ValueError(
                f'{self.vq_file}: the codes must lie in '
                f'0..{self.num_codes - 1}, but those of the video '
                f'{video_id!r} reach from {codes.min()} to {codes.max()}. '
                'Check `num_codes`.')
        results['vq_codes'] = torch.from_numpy(codes.astype(np.int64))
        return results
