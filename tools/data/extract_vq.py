"""Extract the visual codes of a data set's frames.

    python tools/data/extract_vq.py data/msvd/img_msvd.pkl \
        data/msvd/msvd_vq.pkl --weights encoder.pkl

Reads a pickle {video: [JPEG in base64, ...]}, or a folder of videos, of
which it takes the frames that extract_frames.py takes. Writes {video: (T, h,
w) codes}: one code per 32x32 pixels of the frames that the model sees. The
codes are those of the DALL-E encoder, or with ``--stand-in`` of a colour
quantiser that needs no weights, as the toy data have. An output that ends in
.npy becomes an array to be mapped into memory, beside a .json with the names.

An interrupted run goes on where it was; ``--shard I/N`` shares the work of
several machines.
"""
import argparse
import base64
import io
import json
import os
import os.path as osp
from collections.abc import Mapping
from functools import partial
from typing import Callable, Dict, Iterator, List, Tuple

import numpy as np
import torch
from dall_e_file import read_encoder
from extract_frames import jpeg_frames
from extraction import (
    ExtractionError,
    add_options,
    extract,
    run,
    videos_in,
    write_pickle,
)
from PIL import Image

from meltr_mm.check_options import check_device
from meltr_mm.datasets.data_files import load_video_table
from meltr_mm.datasets.transforms import DecodeJPEGFrames
from meltr_mm.datasets.transforms.frames import pad_to_square_resize
from meltr_mm.models.layers import load_strict
from meltr_mm.models.violet.dvae_encoder import (
    STRIDE,
    DVAEEncoder,
    from_dall_e,
)
from meltr_mm.models.violet.video_encoder import CELL
from meltr_mm.toyworld.frame_files import colour_codes

# Frames of one size (N, H, W, 3), RGB uint8 -> their codes (N, h, w), int16.
Encode = Callable[[np.ndarray], np.ndarray]


def dall_e_codes(weights: str, device: str) -> Encode:
    """Make a function that encodes frames by the DALL-E encoder.

    Args:
        weights (str): ``encoder.pkl``.
        device (str): Where to compute.

    Returns:
        Callable: Frames with 8 pixels per code and side -> codes.
    """
    check_device(device)
    state_dict = from_dall_e(read_encoder(weights))
    num_codes, _, _, _ = state_dict['head.1.weight'].shape
    encoder = DVAEEncoder(state_dict['stem.bias'].numel(), num_codes)
    load_strict(encoder, state_dict)
    encoder = encoder.to(device).eval()

    def encode(frames: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(frames).to(device).permute(0, 3, 1, 2) / 255
        return encoder.encode(pixels).cpu().numpy().astype(np.int16)

    return encode


def frames_of_videos(
        folder: str, count: int) -> Tuple[List[str], Callable]:
    """Read frames from videos, compressed as the pickle would have them.

    Args:
        folder (str): Folder of videos.
        count (int): Frames per video.

    Returns:
        tuple[list[str], Callable]: Names, and name -> RGB frames.
    """
    videos = videos_in(folder)
    return list(videos), partial(_frames_of_video, videos, count)


def _frames_of_video(videos: Dict[str, str], count: int,
                     name: str) -> List[np.ndarray]:
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))))
        for frame in jpeg_frames(videos[name], count)
    ]


def frames_of_pickle(path: str) -> Tuple[List[str], Callable]:
    """Read frames from ``img_<data set>.pkl``.

    Args:
        path (str): The pickle.

    Returns:
        tuple[list[str], Callable]: Names, and name -> RGB frames.

    Raises:
        ExtractionError: If there is no video in it.
    """
    table = load_video_table(path)
    if not table:
        raise ExtractionError(f'{path}: there is no video in this file.')
    names = sorted(table)
    decode = DecodeJPEGFrames(path, len(table[names[0]]))
    return names, partial(_frames_of_row, decode)


def _frames_of_row(decode: DecodeJPEGFrames, name: str) -> List[np.ndarray]:
    return decode(dict(video_id=name))['imgs']


def _shrink(frames: Callable, side: int, name: str) -> Iterator[np.ndarray]:
    yield np.stack(
        [pad_to_square_resize(frame, side) for frame in frames(name)])


def _write(table: Mapping, path: str) -> None:
    if not path.endswith('.npy'):
        write_pickle(table, path)
        return
    names = list(table)
    shape = (len(names), *table[names[0]].shape)
    codes = np.lib.format.open_memmap(f'{path}.part', 'w+', np.int16, shape)
    for row, name in enumerate(names):
        codes[row] = table[name]
    codes.flush()
    with open(f'{osp.splitext(path)[0]}.json', 'w') as file:
        json.dump(names, file)
    os.replace(f'{path}.part', path)


def main() -> None:
    """Read the command line and extract."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('source', help='img_<data set>.pkl, or a folder of '
                        'videos')
    parser.add_argument('output', help='table to write, .pkl or .npy')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--weights', help='encoder.pkl of the DALL-E dVAE')
    source.add_argument('--stand-in', action='store_true',
                        help='codes of colours, without weights')
    parser.add_argument('--size', type=int, default=224,
                        help="side of the model's frames")
    parser.add_argument('--frames', type=int, default=5,
                        help='frames per video, of a folder')
    parser.add_argument('--batch-size', type=int, default=80,
                        help='frames per pass')
    parser.add_argument('--device',
                        default='cuda' if torch.cuda.is_available() else 'cpu')
    add_options(parser)
    args = parser.parse_args()
    if args.size < CELL or args.size % CELL or min(
            args.batch_size, args.frames) < 1:
        parser.error(
            f'--size must be a multiple of {CELL}, --batch-size and --frames '
            f'at least 1, but they are {args.size}, {args.batch_size} and '
            f'{args.frames}')
    if args.stand_in:
        encode, side = colour_codes, args.size
    else:
        encode = dall_e_codes(args.weights, args.device)
        side = args.size // CELL * STRIDE
    names, frames = (
        frames_of_videos(args.source, args.frames)
        if osp.isdir(args.source) else frames_of_pickle(args.source))
    extract(args.output, names, partial(_shrink, frames, side), _write,
            dict(size=args.size, stand_in=args.stand_in, frames=args.frames),
            args, encode, args.batch_size)


if __name__ == '__main__':
    run(main)
