"""The discrete codes that masked video modelling predicts."""
from typing import Dict, Optional

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...check_options import check_text, check_whole
from ..video_tables import array_of, load_code_table


@TRANSFORMS.register_module()
class LoadVQCodes(BaseTransform):
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

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(vq_file={self.vq_file!r}, '
                f'num_codes={self.num_codes}, cell={self.cell})')
