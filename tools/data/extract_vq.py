"""Extract the visual codes of a data set's frames.

    python tools/data/extract_vq.py data/msvd/img_msvd.pkl \
        data/msvd/msvd_vq.pkl --weights encoder.pkl

Reads a pickle {video: [JPEG in base64, ...]} and writes {video: (T, h, w)
codes}: one code per 32x32 pixels of the frames that the model sees. The
codes are those of the DALL-E encoder, or with ``--stand-in`` of a colour
quantiser that needs no weights, as the toy data have. An output that ends in
.npy becomes an array to be mapped into memory, beside a .json with the names.

An interrupted run goes on where it was, from OUTPUT.partial.npy.
"""
import argparse
import json
import os
import os.path as osp
import pickle
from typing import Callable, List

import numpy as np
import torch
from dall_e_file import read_encoder
from tqdm import tqdm

from meltr_mm.datasets.safe_pickle import load_video_table
from meltr_mm.datasets.transforms import DecodeJPEGFrames
from meltr_mm.datasets.transforms.resize import (
    pad_to_square_resize,
)
from meltr_mm.models.layers import load_strict
from meltr_mm.models.violet.dvae_encoder import (
    STRIDE,
    DVAEEncoder,
    from_dall_e,
)
from meltr_mm.models.violet.video_encoder import CELL
from meltr_mm.toyworld.colour_codes import colour_codes

Encode = Callable[[np.ndarray], np.ndarray]


def dall_e_codes(weights: str, device: str, size: int) -> Encode:
    """Make a function that encodes frames by the DALL-E encoder.

    Args:
        weights (str): ``encoder.pkl``.
        device (str): Where to compute.
        size (int): Side of the frames that the model sees, pixels.

    Returns:
        Callable: Frames, list of RGB uint8 -> codes (N, h, w), int16.
    """
    state_dict = from_dall_e(read_encoder(weights))
    num_codes, _, _, _ = state_dict['head.1.weight'].shape
    encoder = DVAEEncoder(state_dict['stem.bias'].numel(), num_codes)
    load_strict(encoder, state_dict)
    encoder = encoder.to(device).eval()

    def encode(frames: List[np.ndarray]) -> np.ndarray:
        small = np.stack([
            pad_to_square_resize(frame, size // CELL * STRIDE)
            for frame in frames
        ])
        pixels = torch.from_numpy(small).to(device).permute(0, 3, 1, 2) / 255
        return encoder.encode(pixels).cpu().numpy().astype(np.int16)

    return encode


def stand_in_codes(size: int) -> Encode:
    """Make a function that encodes frames by their colours.

    Args:
        size (int): Side of the frames that the model sees, pixels.

    Returns:
        Callable: Frames, list of RGB uint8 -> codes (N, h, w), int16.
    """
    return lambda frames: colour_codes(
        np.stack([pad_to_square_resize(frame, size) for frame in frames]))


def extract(images: str, output: str, encode: Encode, size: int,
            batch_size: int) -> None:
    """Encode every video and write the table.

    Args:
        images (str): Pickle of the frames.
        output (str): The table, ``.pkl`` or ``.npy``.
        encode (Callable): Frames -> codes.
        size (int): Side of the frames that the model sees, pixels.
        batch_size (int): Number of videos per pass.

    Raises:
        ValueError: If the frames cannot be read, or the unfinished output is
            of other data.
    """
    names = sorted(load_video_table(images))
    clip_len = len(load_video_table(images)[names[0]])
    decode = DecodeJPEGFrames(images, clip_len)
    shape = (len(names), clip_len, size // CELL, size // CELL)
    partial = f'{output}.partial.npy'
    codes = _open_partial(partial, shape)
    todo = [row for row in range(len(names)) if codes[row].min() < 0]
    with tqdm(total=len(names), initial=len(names) - len(todo),
              unit='video') as progress:
        for first in range(0, len(todo), batch_size):
            rows = todo[first:first + batch_size]
            frames = [
                frame for row in rows
                for frame in decode(dict(video_id=names[row]))['imgs']
            ]
            codes[rows] = encode(frames).reshape(len(rows), *shape[1:])
            codes.flush()
            progress.update(len(rows))
    _finish(codes, names, partial, output)


def _open_partial(path: str, shape: tuple) -> np.memmap:
    if not osp.isfile(path):
        codes = np.lib.format.open_memmap(path, 'w+', np.int16, shape)
        codes[:] = -1
        return codes
    codes = np.lib.format.open_memmap(path, 'r+')
    if codes.shape != shape:
        raise ValueError(
            f'{path}: was begun for codes of the shape {codes.shape}, but '
            f'now it is {shape}. Delete it to begin anew.')
    return codes


def _finish(codes: np.memmap, names: List[str], partial: str,
            output: str) -> None:
    if output.endswith('.npy'):
        with open(f'{osp.splitext(output)[0]}.json', 'w') as file:
            json.dump(names, file)
        os.replace(partial, output)
        return
    table = {
        name: np.array(row)
        for name, row in zip(names, codes)
    }
    with open(output, 'wb') as file:
        pickle.dump(table, file, protocol=4)
    os.remove(partial)


def main() -> None:
    """Read the command line and extract."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('images', help='img_<data set>.pkl')
    parser.add_argument('output', help='table to write, .pkl or .npy')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--weights', help='encoder.pkl of the DALL-E dVAE')
    source.add_argument('--stand-in', action='store_true',
                        help='codes of colours, without weights')
    parser.add_argument('--size', type=int, default=224,
                        help="side of the model's frames")
    parser.add_argument('--batch-size', type=int, default=16,
                        help='videos per pass')
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    if args.size < CELL or args.size % CELL or args.batch_size < 1:
        parser.error(f'--size must be a multiple of {CELL} and --batch-size '
                     f'at least 1, but are {args.size} and '
                     f'{args.batch_size}')
    try:
        encode = (stand_in_codes(args.size) if args.stand_in else
                  dall_e_codes(args.weights, args.device, args.size))
        extract(args.images, args.output, encode, args.size, args.batch_size)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'extract_vq.py: {error}') from None


if __name__ == '__main__':
    main()
