"""A video as S3D-G wants it: clips of a second, 16 small frames each."""
from typing import Iterable, Iterator, List, Tuple

import numpy as np

from .video_reader import Frame, VideoReader

FRAMES_PER_SECOND = 16
SIDE = 224


def s3d_clips(reader: VideoReader,
              seconds: int = 8,
              side: int = SIDE) -> Iterator[np.ndarray]:
    """Cut a video into clips of one second.

    16 frames per second as FFmpeg's filter ``fps`` chooses them, the shorter
    side scaled (bicubic), the centre taken out. What the last second lacks
    is filled with black frames.

    Args:
        reader (VideoReader): The video.
        seconds (int): Clips per array, so that a film needs no more memory
            than a trailer. Defaults to 8.
        side (int): Height and width, pixels. Defaults to 224.

    Yields:
        np.ndarray: RGB, (clips, 16, side, side, 3), uint8.

    Raises:
        VideoError: If the video cannot be decoded to its end.
    """
    images: List[np.ndarray] = []
    for frame, times in frames_at_rate(reader.frames(), FRAMES_PER_SECOND):
        images += [_centre(frame, side)] * times
        while len(images) >= FRAMES_PER_SECOND * seconds:
            yield _clips(images[:FRAMES_PER_SECOND * seconds])
            images = images[FRAMES_PER_SECOND * seconds:]
    if images:
        missing = -len(images) % FRAMES_PER_SECOND
        yield _clips(images + [np.zeros_like(images[0])] * missing)


def frames_at_rate(frames: Iterable[Frame],
                   rate: int) -> Iterator[Tuple[Frame, int]]:
    """Bring frames to a constant rate by repeating and leaving out.

    Times are rounded to the nearest place of the new rate. Where two frames
    fall on one place the later one stays.

    Args:
        frames (Iterable[Frame]): At least one.
        rate (int): Frames per second.

    Yields:
        tuple[Frame, int]: A frame, and how often it is shown.
    """
    last, first_place, done = None, 0, 0
    for frame in frames:
        place = int(np.floor(frame.time * rate + 0.5))
        if last is None:
            first_place = place
        elif place - first_place > done:
            yield last, place - first_place - done
            done = place - first_place
        last = frame
    end = int(np.floor(last.end * rate + 0.5)) - first_place
    # A clip of one short frame is still a clip.
    end = max(end, 1)
    if end > done:
        yield last, end - done


def _centre(frame: Frame, side: int) -> np.ndarray:
    height, width = frame.shape
    if width >= height:
        height, width = side, int(width * side / height)
    else:
        height, width = int(height * side / width), side
    top, left = (height - side) // 2, (width - side) // 2
    image = frame.rgb((height, width))
    return image[top:top + side, left:left + side]


def _clips(images: List[np.ndarray]) -> np.ndarray:
    return np.stack(images).reshape(-1, FRAMES_PER_SECOND, *images[0].shape)
