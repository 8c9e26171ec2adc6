"""What the transforms that choose frames have in common."""
from typing import Dict

import numpy as np
from mmcv.transforms import BaseTransform


class FrameSampler(BaseTransform):
    """Choose frames by their indices.

    Stands between MMAction2's ``DecordInit`` and ``DecordDecode``.
    Subclasses set ``clip_len`` and define ``indices``.

    Attributes:
        clip_len (int): Number of frames of a clip.
        num_clips (int): How often a video is sampled: once, unless a
            subclass says otherwise.
    """
    clip_len: int
    num_clips: int = 1

    def indices(self, total: int) -> np.ndarray:
        """Indices of the frames of all clips.

        Args:
            total (int): Frames of the video, at least 1.

        Returns:
            np.ndarray: (num_clips * clip_len,), int64.
        """
        raise NotImplementedError

    def transform(self, results: Dict) -> Dict:
        """Add the indices.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.

        Raises:
            ValueError: For a video without frames.
        """
        total = results['total_frames']
        if total < 1:
            raise ValueError(
                f"{results.get('filename')}: the video has no frames. Fetch "
                'or encode it again.')
        results['frame_inds'] = self.indices(total)
        results['clip_len'] = self.clip_len
        results['num_clips'] = self.num_clips
        return results
