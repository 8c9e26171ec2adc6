"""Frames of a video: which ones, their pixels, and their size."""
import base64
import io
from typing import Dict, Tuple

import numpy as np
from mmaction.registry import TRANSFORMS
from PIL import Image

from ...check_options import check_text, check_whole
from ..data_files import load_video_table
from ..video_reader import VideoReader
from .transform import Transform


class FrameSampler(Transform):
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


@TRANSFORMS.register_module()
class VideoInit(Transform):
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
class VideoDecode(Transform):
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


@TRANSFORMS.register_module()
class DecodeJPEGFrames(Transform):
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
            :func:`meltr_mm.datasets.data_files.load_video_table`.
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


def pad_to_square_resize(image: np.ndarray, size: int) -> np.ndarray:
    """Pad an image with black to a square and resize it.

    The shorter side is padded by ``floor(difference / 2)`` on both ends, so
    an odd difference leaves one pixel, which the resize stretches away. The
    resize is PIL's bilinear filter with antialiasing, because that is what
    VIOLET was trained with; OpenCV's differs when it shrinks.

    Args:
        image (np.ndarray): RGB (H, W, 3), uint8.
        size (int): Side of the result, pixels.

    Returns:
        np.ndarray: RGB (size, size, 3), uint8.
    """
    height, width = image.shape[:2]
    rows = max(width - height, 0) // 2
    columns = max(height - width, 0) // 2
    image = np.pad(image, ((rows, rows), (columns, columns), (0, 0)))
    resized = Image.fromarray(image).resize((size, size), Image.BILINEAR)
    return np.asarray(resized)


@TRANSFORMS.register_module()
class PadToSquareResize(Transform):
    """Apply :func:`pad_to_square_resize` to every frame.

    No crop and no flip: left and right, and what stands at the border, are
    what questions ask about.

    Required and modified keys: ``imgs`` (list of uint8 arrays (H, W, 3)).
    Modified key: ``img_shape`` ((size, size)).

    Args:
        size (int): Side of the result, pixels. VIOLET uses 224.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def transform(self, results: Dict) -> Dict:
        """Pad and resize."""
        results['imgs'] = [
            pad_to_square_resize(img, self.size) for img in results['imgs']
        ]
        results['img_shape'] = (self.size, self.size)
        return results


@TRANSFORMS.register_module()
class ResizeAntialiased(Transform):
    """Resize every frame with PIL's bilinear filter.

    MMAction2's ``Resize`` uses OpenCV's, which skips pixels where it shrinks.

    Reads and writes ``imgs`` (list of uint8 arrays (H, W, 3)) and writes
    ``img_shape``.

    Args:
        scale (tuple[int, int]): Width and height. With a -1 the other one is
            the length of the shorter side, and proportions stay.

    Raises:
        ValueError: If a length is not positive.
    """

    def __init__(self, scale: Tuple[int, int]) -> None:
        if max(scale) < 1 or min(scale) < 1 and -1 not in scale:
            raise ValueError('`scale` must be width and height, one of them '
                             f'-1 to keep proportions, but got {scale}.')
        self.scale = tuple(scale)

    def transform(self, results: Dict) -> Dict:
        """Resize."""
        height, width = results['imgs'][0].shape[:2]
        size = self.scale
        if -1 in size:
            side, shorter = max(size), min(height, width)
            size = (side * width // shorter, side * height // shorter)
        results['imgs'] = [
            np.asarray(Image.fromarray(image).resize(size, Image.BILINEAR))
            for image in results['imgs']
        ]
        results['img_shape'] = (size[1], size[0])
        return results
