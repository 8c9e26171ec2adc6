"""Which frames of a clip are read."""
from typing import Dict

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


class FrameSampler(BaseTransform):
    """Choose frames by their indices.

    Reads ``total_frames``; writes ``frame_inds`` (np.ndarray (num_clips *
    clip_len,), int64), ``clip_len`` and ``num_clips``. Subclasses define
    ``indices``.

    Raises:
        ValueError: For a video without frames.
    """
    clip_len: int
    num_clips: int = 1

    def indices(self, total: int) -> np.ndarray:
        """Indices of the frames of all clips of a video of ``total`` frames.
        """
        raise NotImplementedError

    def transform(self, results: Dict) -> Dict:
        """Add the indices."""
        total = results['total_frames']
        if total < 1:
            raise ValueError(
                f"{results.get('filename')}: the video has no frames. Fetch "
                'or encode it again.')
        results['frame_inds'] = self.indices(total)
        results['clip_len'] = self.clip_len
        results['num_clips'] = self.num_clips
        return results


def even_frame_indices(total: int, count: int) -> np.ndarray:
    """Indices of ``count`` frames with equal gaps, ends left out.

    With ``step = total / (count + 1)``, frame ``i`` is
    ``floor(step * (i + 1))``. This is the rule by which the frames that
    VIOLET distributes were extracted.

    Args:
        total (int): Number of frames of the clip, at least 1.
        count (int): Number of frames to choose. More than ``total`` repeats
            frames.

    Returns:
        np.ndarray: Indices (count,), int64, non-decreasing.
    """
    step = total / (count + 1)
    return np.array([int(step * (i + 1)) for i in range(count)])


@TRANSFORMS.register_module()
class SampleFramesEvenly(FrameSampler):
    """Choose frames by :func:`even_frame_indices`, in training as in testing.

    Reads and writes what :class:`FrameSampler` does.

    Args:
        clip_len (int): Number of frames S.
    """

    def __init__(self, clip_len: int) -> None:
        if clip_len < 1:
            raise ValueError(
                f'`clip_len` must be at least 1, but got {clip_len}.')
        self.clip_len = clip_len

    def indices(self, total: int) -> np.ndarray:
        """See :class:`FrameSampler`."""
        return even_frame_indices(total, self.clip_len)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(clip_len={self.clip_len})'


def segment_frame_indices(total: int, count: int,
                          random: bool) -> np.ndarray:
    """Indices of one frame per segment.

    The clip is cut at the integer parts of ``i * total / count``. Taken is
    the middle frame of each segment, rounded down, or any of its frames.

    Args:
        total (int): Number of frames of the clip, at least 1.
        count (int): Number of segments. More than ``total`` repeats frames.
        random (bool): Draw the frames with numpy's global generator.

    Returns:
        np.ndarray: Indices (count,), int64, non-decreasing.
    """
    bounds = np.linspace(0, total, count + 1).astype(int)
    first = np.minimum(bounds[:-1], total - 1)
    last = np.maximum(bounds[1:] - 1, first)
    if random:
        return np.random.randint(first, last + 1)
    return (first + last) // 2


@TRANSFORMS.register_module()
class SampleFramesBySegment(FrameSampler):
    """Choose frames by :func:`segment_frame_indices`, as All-in-one does.

    Reads and writes what :class:`FrameSampler` does. Officially the last
    frame of a segment is never drawn, and frames are drawn at random in most
    evaluations, too.

    Args:
        clip_len (int): Number of frames of a clip.
        random (bool): Draw frames instead of taking the middle ones.
            Defaults to False.
        num_clips (int): How often a video is sampled. The official
            evaluation of retrieval has 3 random clips. Defaults to 1.

    Raises:
        ValueError: If a number is not positive, or several clips would be
            the same.
    """

    def __init__(self,
                 clip_len: int,
                 random: bool = False,
                 num_clips: int = 1) -> None:
        if clip_len < 1 or num_clips < 1:
            raise ValueError(
                '`clip_len` and `num_clips` must be at least 1, but got '
                f'{clip_len} and {num_clips}.')
        if num_clips > 1 and not random:
            raise ValueError(
                f'{num_clips} clips of the middle frames would be the same. '
                'Set `random=True`, or `num_clips=1`.')
        self.clip_len = clip_len
        self.random = random
        self.num_clips = num_clips

    def indices(self, total: int) -> np.ndarray:
        """See :class:`FrameSampler`."""
        return np.concatenate([
            segment_frame_indices(total, self.clip_len, self.random)
            for _ in range(self.num_clips)
        ])

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(clip_len={self.clip_len}, '
                f'random={self.random}, num_clips={self.num_clips})')
