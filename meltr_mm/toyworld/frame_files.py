"""Clips as files: the videos, and what is extracted from their frames.

Masked video modelling predicts one discrete code per 32x32 pixel cell. The
real codes come from the DALL-E dVAE, a network that is a download; the toy
data sets have codes of the same shape and use that anyone can recompute from
the frames.
"""
import base64
import io
import os
import os.path as osp
from typing import Callable, Iterable, List

import numpy as np
from PIL import Image

from meltr_mm.datasets.transforms.frames import (
    even_frame_indices,
    pad_to_square_resize,
)

from .renderer import render
from .toy_data_set import write_pickle
from .world import FPS, Clip

LEVELS = 4
NUM_CODES = LEVELS**3
_SHARE = 0.25


def colour_codes(frames: np.ndarray, cell: int = 32) -> np.ndarray:
    """Give each cell the code of its most colourful quarter.

    Colourfulness of a pixel is the range of its channels. The mean RGB of
    the quarter of the pixels of a cell with the largest range is quantised
    to four equal levels per channel, and the code is ``16 r + 4 g + b``. A
    cell that an actor reaches into so tells the actor's colour, and an empty
    one the tone of the background.

    Args:
        frames (np.ndarray): RGB (T, H, W, 3), uint8, at the size that the
            model sees.
        cell (int): Side of a cell, pixels. Defaults to 32.

    Returns:
        np.ndarray: Codes (T, H // cell, W // cell), int16, 0..63.
    """
    number, height, width = frames.shape[:3]
    rows, columns = height // cell, width // cell
    pixels = frames[:, :rows * cell, :columns * cell]
    pixels = pixels.reshape(number, rows, cell, columns, cell, 3)
    pixels = pixels.transpose(0, 1, 3, 2, 4, 5)
    pixels = pixels.reshape(number, rows, columns, cell * cell, 3)
    # int16, because a difference of uint8 wraps; stable, for ties.
    colourful = np.ptp(pixels.astype(np.int16), axis=-1)
    order = np.argsort(-colourful, axis=-1, kind='stable')
    order = order[..., :int(cell * cell * _SHARE), None]
    mean = np.take_along_axis(pixels, order, axis=-2).mean(axis=-2)
    levels = (mean * LEVELS / 256).astype(np.int16)
    return levels @ np.array([LEVELS**2, LEVELS, 1], dtype=np.int16)


_INSTALL = 'pip install av'


def write_mp4(path: str, frames: np.ndarray, fps: int) -> None:
    """Encode frames as H.264 in an mp4 file.

    The quality is high enough (constant rate factor 17) that colours and
    edges survive; one thread, so that a run gives the same file again.

    Args:
        path (str): The file to write.
        frames (np.ndarray): RGB (T, H, W, 3), uint8; H and W even.
        fps (int): Frames per second.

    Raises:
        ImportError: If PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise ImportError('Writing the toy videos needs PyAV. Run '
                          f'`{_INSTALL}`.') from None
    with av.open(path, 'w') as container:
        # From the preset 'veryfast' up, one file in ten differs from run to
        # run (measured with x264 of PyAV 18): its assembly for small frames.
        stream = container.add_stream(
            'libx264', rate=fps, options=dict(crf='17', preset='ultrafast'))
        stream.codec_context.thread_count = 1
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def write_gif(path: str, frames: np.ndarray, fps: int) -> None:
    """Write frames as an animated GIF.

    One palette for all frames, without dithering, so that plain colours stay
    plain. A frame that repeats the one before is merged with it.

    Args:
        path (str): The file to write.
        frames (np.ndarray): RGB (T, H, W, 3), uint8.
        fps (int): Frames per second, rounded to whole hundredths of seconds.
    """
    pictures = [Image.fromarray(frame) for frame in frames]
    palette = Image.fromarray(np.concatenate(frames)).quantize(255)
    pictures = [
        picture.quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    ]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=round(100 / fps) * 10,
        loop=0,
        optimize=False)


_WRITERS = {'.mp4': write_mp4, '.gif': write_gif}


def write_frame_files(root: str, dataset: str, clips: List[Clip], folder: str,
                      suffix: str, frames: int, size: int,
                      progress: Callable[[list], Iterable]) -> None:
    """Write every clip, and the two pickles of VIOLET.

    * ``<folder>/<clip><suffix>``
    * ``img_<dataset>.pkl``: ``frames`` JPEGs per clip, base64
    * ``<dataset>_vq.pkl``: codes (frames, size/32, size/32) per clip, int16,
      from :func:`~meltr_mm.toyworld.frame_files.colour_codes`

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
