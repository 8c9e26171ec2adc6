"""Masked video modelling: which parts of a video are hidden."""
import random
from typing import Dict, Tuple

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from torch import Tensor

MIN_SIDE = 3


def draw_blocks(grid: Tuple[int, int, int],
                official_rng: bool = False) -> np.ndarray:
    """Draw the union of T random boxes of cells.

    Each box lasts 1..T-1 frames (1 if T = 1) and is 1..floor(2h/3)-1 cells
    high and 1..floor(2w/3)-1 wide, with uniform sizes, then a uniform place.
    Uses numpy's global generator.

    Args:
        grid (tuple[int, int, int]): T, h, w: frames, rows, columns.
        official_rng (bool): Draw number by number in the order of the
            official code, so that its seeds give its masks. Defaults to
            False: all boxes at once, which is faster and has the same
            distribution.

    Returns:
        np.ndarray: True where a cell is hidden, (T, h, w), bool.

    Raises:
        ValueError: If h or w is smaller than 3, where no size exists.
    """
    frames, rows, columns = grid
    if min(rows, columns) < MIN_SIDE:
        raise ValueError(
            f'The grid must have at least {MIN_SIDE}x{MIN_SIDE} cells for '
            f'block masking, but has {rows}x{columns}. Use larger frames.')
    # Exclusive ends of the sizes.
    ends = np.array([max(frames, 2), 2 * rows // 3, 2 * columns // 3])
    draw = _draw_boxes_in_order if official_rng else _draw_boxes
    sizes, places = draw(np.array(grid), ends, frames)
    # Which of its frames, rows and columns each box covers: (T, T), (T, h),
    # (T, w).
    t, y, x = (
        (axis >= first[:, None]) & (axis < (first + size)[:, None])
        for axis, first, size in zip(
            map(np.arange, grid), places.T, sizes.T))
    boxes = t[:, :, None, None] & y[:, None, :, None] & x[:, None, None]
    return boxes.any(0)


def _draw_boxes(grid: np.ndarray, ends: np.ndarray,
                count: int) -> Tuple[np.ndarray, np.ndarray]:
    sizes = np.random.randint(1, ends, (count, 3))
    return sizes, np.random.randint(0, grid - sizes + 1)


def _draw_boxes_in_order(grid: np.ndarray, ends: np.ndarray,
                         count: int) -> Tuple[np.ndarray, np.ndarray]:
    sizes, places = np.ones((2, count, 3), dtype=int)
    # Of a single frame the official code draws no length.
    drawn = range(3) if grid[0] > 1 else (1, 2)
    for size, place in zip(sizes, places):
        for axis in drawn:
            size[axis] = np.random.randint(1, ends[axis])
        for axis in range(3):
            place[axis] = np.random.randint(0, grid[axis] - size[axis] + 1)
    return sizes, places


def code_labels(codes: Tensor, mask: Tensor) -> Tensor:
    """Lay the codes of the hidden cells out as VIOLET's video sequence.

    Args:
        codes (Tensor): Codes (T, h, w), int64.
        mask (Tensor): Hidden cells (T, h, w), bool.

    Returns:
        Tensor: (T*(1+h*w),), int64. For each frame a slot of its ``[CLS]``,
        then its cells row by row; -1 at ``[CLS]`` and at visible cells.
    """
    cells = codes.masked_fill(~mask, -1).flatten(1)
    return torch.nn.functional.pad(cells, (1, 0), value=-1).flatten()


@TRANSFORMS.register_module()
class MaskVideoBlocks(BaseTransform):
    """Draw hidden blocks and their labels, as VIOLET does in training.

    The pixels stay as they are: the model blacks out the hidden cells, and
    so can use the clean frames for its other losses.

    Reads ``imgs`` (frames, resized) and, if there are some, ``vq_codes``;
    writes ``patch_mask`` (Tensor (T, h, w), bool, True = hidden) and, of
    codes, ``mvm_labels`` (Tensor (T*(1+h*w),), int64, -1 = ignore).

    Args:
        cell (int): Side of a cell, pixels. Defaults to 32.
        official_rng (bool): See :func:`draw_blocks`. Defaults to False.

    Raises:
        ValueError: For frames of fewer than 3 cells a side.
    """

    def __init__(self, cell: int = 32, official_rng: bool = False) -> None:
        self.cell = cell
        self.official_rng = official_rng

    def transform(self, results: Dict) -> Dict:
        """Add the mask and the labels."""
        height, width = results['imgs'][0].shape[:2]
        mask = torch.from_numpy(
            draw_blocks((len(results['imgs']), height // self.cell,
                         width // self.cell), self.official_rng))
        results['patch_mask'] = mask
        if 'vq_codes' in results:
            results['mvm_labels'] = code_labels(results['vq_codes'], mask)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(cell={self.cell}, '
                f'official_rng={self.official_rng})')


@TRANSFORMS.register_module()
class MaskFrames(BaseTransform):
    """Choose the frames that masked frame modelling hides, at least one.

    The model itself hides them. Uses Python's generator, in the order of the
    official loaders: one number per frame and attempt.

    Required key: ``video_mask``. Added key: ``mfm_labels`` (Tensor (F,),
    int64): the frame's own index where it is hidden, else -1.

    Args:
        probability (float): Chance of each frame. Defaults to 0.15.
        repeat (bool): Draw again until a frame is hidden. False, as in
            official test sets, may leave none. Defaults to True.

    Raises:
        ValueError: If ``probability`` is not in (0, 1].
    """

    def __init__(self, probability: float = 0.15,
                 repeat: bool = True) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.probability = probability
        self.repeat = repeat

    def transform(self, results: Dict) -> Dict:
        """Add the labels."""
        mask = results['video_mask']
        frames = range(int(mask.sum()))
        labels = self._draw(mask, frames)
        while self.repeat and len(frames) and (labels == -1).all():
            labels = self._draw(mask, frames)
        results['mfm_labels'] = labels
        return results

    def _draw(self, mask: torch.Tensor, frames: range) -> torch.Tensor:
        labels = torch.full_like(mask, -1)
        for frame in frames:
            if random.random() < self.probability:
                labels[frame] = frame
        return labels

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(probability={self.probability}, '
                f'repeat={self.repeat})')
