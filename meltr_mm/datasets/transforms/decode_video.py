"""Frames from video files of any kind."""
from typing import Dict

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ..video_reader import VideoReader


@TRANSFORMS.register_module()
class VideoInit(BaseTransform):
    """Open a video file by :class:`VideoReader`.

    Stands in the place of MMAction2's ``DecordInit`` or ``PyAVInit``, before
    what chooses the frames.

    Required key: ``filename``. Added keys: ``video_reader``,
    ``total_frames``, ``avg_fps``.

    Raises:
        FileNotFoundError, VideoError: See :class:`VideoReader`.
    """

    def transform(self, results: Dict) -> Dict:
        """See the class."""
        reader = VideoReader(results['filename'])
        results['video_reader'] = reader
        results['total_frames'] = len(reader)
        results['avg_fps'] = reader.fps
        return results


@TRANSFORMS.register_module()
class VideoDecode(BaseTransform):
    """Decode the frames that were chosen, after :class:`VideoInit`.

    Required keys: ``video_reader``, ``frame_inds``. Added keys: ``imgs``
    (list of RGB arrays (H, W, 3), uint8), ``original_shape``, ``img_shape``.

    Raises:
        VideoError: If a frame cannot be decoded.
    """

    def transform(self, results: Dict) -> Dict:
        """See the class."""
        reader = results.pop('video_reader')
        indices = np.ravel(results['frame_inds'])
        results['frame_inds'] = indices
        results['imgs'] = reader.get_frames(indices)
        results['original_shape'] = results['imgs'][0].shape[:2]
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results
