"""UniVL's features of a video: clips of a second, 16 small frames each."""
from typing import Iterable, Iterator, List, Tuple, Union

import numpy as np
import torch
from torch import nn

from ..check_options import check_device
from ..datasets.video_reader import Frame, VideoReader
from ..models.univl.s3dg import load_s3dg
from ..safe_checkpoints import load_torch_file

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


class S3DFeatures:
    """Video file -> one vector per second, as UniVL's pickles hold them.

    Args:
        weights (str): ``s3d_howto100m.pth``.
        device (str | torch.device): Where to compute. Defaults to 'cpu'.
        normalize (bool): Scale each vector to length 1, as the published
            extraction does by default. Defaults to True.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it does not hold the weights of S3D-G, or the device
            is not there.
    """

    def __init__(self,
                 weights: str,
                 device: Union[str, torch.device] = 'cpu',
                 normalize: bool = True) -> None:
        check_device(device)
        content = load_torch_file(weights)
        if isinstance(content, dict):
            content = content.get('state_dict', content)
        if not isinstance(content, dict) or not content:
            raise ValueError(f'{weights}: must be s3d_howto100m.pth, a dict '
                             f'of weights, but is a {type(content).__name__}')
        try:
            self.model = load_s3dg(content).to(device)
        except ValueError as error:
            raise ValueError(f'{weights}: {error}') from None
        self.device = device
        self.normalize = normalize

    @torch.no_grad()
    def encode(self, clips: np.ndarray) -> np.ndarray:
        """Compute the vectors of some seconds.

        Args:
            clips (np.ndarray): See
                :func:`~meltr_mm.apis.s3d_features.s3d_clips`.

        Returns:
            np.ndarray: (clips, 1024), float16.
        """
        pixels = torch.from_numpy(clips).to(self.device)
        features = self.model(pixels.permute(0, 4, 1, 2, 3).float() / 255)
        if self.normalize:
            features = nn.functional.normalize(features, dim=1)
        return features.cpu().numpy().astype(np.float16)

    def __call__(self, video: str) -> np.ndarray:
        """Compute the vectors of a video.

        Args:
            video (str): The file.

        Returns:
            np.ndarray: (seconds, 1024), float16; the last second counts as
            a whole one.

        Raises:
            FileNotFoundError, VideoError: See
                :class:`~meltr_mm.datasets.video_reader.VideoReader`.
        """
        return np.concatenate(
            [self.encode(clips) for clips in s3d_clips(VideoReader(video))])
