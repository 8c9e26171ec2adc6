"""Choosing a few frames that stand evenly over a whole clip."""
import numpy as np
from mmaction.registry import TRANSFORMS

from .frame_sampler import FrameSampler


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
    """Choose frames by :func:`even_frame_indices`.

    Deterministic, in training as in testing. Stands between MMAction2's
    ``DecordInit`` and ``DecordDecode``.

    Required keys: ``total_frames``. Added keys: ``frame_inds`` (np.ndarray
    (clip_len,)), ``clip_len``, ``num_clips`` (1).

    Args:
        clip_len (int): Number of frames S.

    Raises:
        ValueError: If ``clip_len`` is not positive, or for a video without
            frames.
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
