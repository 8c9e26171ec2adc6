"""Frames from VIOLET's ``img_<data set>.pkl``."""
import base64
import io
from typing import Dict

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from PIL import Image

from ...check_options import check_text, check_whole
from ..safe_pickle import load_video_table


@TRANSFORMS.register_module()
class DecodeJPEGFrames(BaseTransform):
    """Decode the frames that were extracted beforehand.

    The pickle maps a video id to a list of base64 strings, each a JPEG at
    the resolution of the video. Stands in the place of ``VideoInit``,
    ``SampleFramesEvenly`` and ``VideoDecode``. The file is read when the
    pipeline is built, once per process.

    Required keys: ``video_id``. Added keys: ``imgs`` (list of ``clip_len``
    uint8 RGB arrays (H, W, 3)), ``clip_len``, ``num_clips`` (1),
    ``frame_inds``, ``original_shape``, ``img_shape``.

    Args:
        img_file (str): The pickle.
        clip_len (int): How many frames each video must have.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: For the pickle, see
            :func:`meltr_mm.datasets.safe_pickle.load_video_table`.
        ValueError: For a video without entry, another number of frames, or a
            broken JPEG.
    """

    def __init__(self, img_file: str, clip_len: int) -> None:
        check_text('img_file', img_file)
        check_whole('clip_len', clip_len)
        self.img_file = img_file
        self.clip_len = clip_len
        # Loaded here so that a bad file ends the run before it starts and
        # forked workers share the memory; spawned ones load it themselves.
        load_video_table(img_file)

    def transform(self, results: Dict) -> Dict:
        """Add the frames."""
        video_id = results['video_id']
        table = load_video_table(self.img_file)
        if video_id not in table:
            raise ValueError(
                f'{self.img_file}: there are no frames of the video '
                f'{video_id!r} among {len(table)} videos. Extract them, or '
                'use the file of the same data set.')
        frames = table[video_id]
        if not isinstance(frames, (list, tuple)):
            raise ValueError(
                f'{self.img_file}: the frames of the video {video_id!r} must '
                f'be a list, but are a {type(frames).__name__}. Extract them '
                'anew.')
        if len(frames) != self.clip_len:
            raise ValueError(
                f'{self.img_file}: each video must have '
                f'clip_len={self.clip_len} frames, but {video_id!r} has '
                f'{len(frames)}. Extract them anew, or change `clip_len`.')
        results['imgs'] = [
            self._decode(frame, video_id, i) for i, frame in enumerate(frames)
        ]
        results['frame_inds'] = np.arange(self.clip_len)
        results['clip_len'] = self.clip_len
        results['num_clips'] = 1
        results['original_shape'] = results['imgs'][0].shape[:2]
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results

    def _decode(self, frame: str, video_id: str, number: int) -> np.ndarray:
        try:
            image = Image.open(io.BytesIO(base64.b64decode(frame)))
            return np.asarray(image.convert('RGB'))
        except Exception as error:  # broken images can raise anything
            raise ValueError(
                f'{self.img_file}: frame {number} of the video {video_id!r} '
                f'is not a base64 JPEG ({error}). Extract it anew.') from None

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(img_file={self.img_file!r}, '
                f'clip_len={self.clip_len})')
