"""UniVL's features of a video file."""
from typing import Union

import numpy as np
import torch
from torch import nn

from ..check_options import check_device
from ..datasets.s3d_clips import s3d_clips
from ..datasets.video_reader import VideoReader
from ..models.univl.s3dg import load_s3dg
from ..safe_checkpoints import load_torch_file


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
                :func:`~meltr_mm.datasets.s3d_clips.s3d_clips`.

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
