"""Clips as files: the videos, and what is extracted from their frames."""
import base64
import io
import os
import os.path as osp
from typing import Callable, Iterable, List

import numpy as np
from PIL import Image

from meltr_mm.datasets.transforms.resize import (
    pad_to_square_resize,
)
from meltr_mm.datasets.transforms.sample_frames import (
    even_frame_indices,
)

from .clips import Clip
from .colour_codes import colour_codes
from .folder import write_pickle
from .renderer import render
from .video_file import write_gif, write_mp4
from .world import FPS

_WRITERS = {'.mp4': write_mp4, '.gif': write_gif}


def write_frame_files(root: str, dataset: str, clips: List[Clip], folder: str,
                      suffix: str, frames: int, size: int,
                      progress: Callable[[list], Iterable]) -> None:
    """Write every clip, and the two pickles of VIOLET.

    * ``<folder>/<clip><suffix>``
    * ``img_<dataset>.pkl``: ``frames`` JPEGs per clip, base64
    * ``<dataset>_vq.pkl``: codes (frames, size/32, size/32) per clip, int16,
      from :func:`~meltr_mm.toyworld.colour_codes.colour_codes`

    Args:
        root (str): The folder of the data set.
        dataset (str): Its name in the names of the files.
        clips (list[Clip]): The clips.
        folder (str): Where the videos go, within ``root``.
        suffix (str): ``'.mp4'`` or ``'.gif'``.
        frames (int): Frames per clip in the pickles.
        size (int): Side of the frames that the model sees, pixels.
        progress (Callable): Wraps the list of clips, to show progress.
    """
    os.makedirs(osp.join(root, folder))
    images, codes = {}, {}
    for clip in progress(clips):
        video = render(clip.scene)
        _WRITERS[suffix](
            osp.join(root, folder, clip.name + suffix), video, FPS)
        chosen = video[even_frame_indices(len(video), frames)]
        images[clip.name] = [_base64_jpeg(frame) for frame in chosen]
        squares = np.stack(
            [pad_to_square_resize(frame, size) for frame in chosen])
        codes[clip.name] = colour_codes(squares)
    write_pickle(osp.join(root, f'img_{dataset}.pkl'), images)
    write_pickle(osp.join(root, f'{dataset}_vq.pkl'), codes)


def _base64_jpeg(frame: np.ndarray) -> str:
    buffer = io.BytesIO()
    # The frames are small, so JPEG's default quality would smear them.
    Image.fromarray(frame).save(buffer, format='JPEG', quality=95)
    return base64.b64encode(buffer.getvalue()).decode('ascii')
