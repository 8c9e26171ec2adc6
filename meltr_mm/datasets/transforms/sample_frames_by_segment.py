"""Choosing one frame of each of several equal parts of a clip."""
import numpy as np
from mmaction.registry import TRANSFORMS

from .frame_sampler import FrameSampler


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

    Officially the last frame of a segment is never drawn, and frames are
    drawn at random in most evaluations, too. Stands between MMAction2's
    ``DecordInit`` and ``DecordDecode``.

    Required keys: ``total_frames``. Added keys: ``frame_inds`` (np.ndarray
    (num_clips * clip_len,)), ``clip_len``, ``num_clips``.

    Args:
        clip_len (int): Number of frames of a clip.
        random (bool): Draw frames instead of taking the middle ones.
            Defaults to False.
        num_clips (int): How often a video is sampled. The official
            evaluation of retrieval has 3 random clips. Defaults to 1.

    Raises:
        ValueError: If a number is not positive, several clips would be the
            same, or a video has no frames.
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
