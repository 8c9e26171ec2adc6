"""Extract UniVL's features from a folder of videos.

    python tools/data/extract_s3d.py data/youcook2/videos \
        data/youcook2/features.npy --weights s3d_howto100m.pth

One vector of S3D-G per second, (seconds, 1024) float16 of length 1, as in
the published features. Writes a pickle {video: (seconds, 1024)}, or with an
output that ends in .npy an array to be mapped into memory, beside a .json
with the names: what ``feature_file`` of the configs names. Videos of any
kind that FFmpeg reads, called by their names without ending.

An interrupted run goes on where it was; ``--shard I/N`` shares the work of
several machines.
"""
import argparse
from collections.abc import Mapping
from functools import partial
from typing import Dict, Iterator

import numpy as np
import torch
from extraction import add_options, extract, run, videos_in, write_pickle

from meltr_mm.apis.s3d_features import S3DFeatures, s3d_clips
from meltr_mm.datasets.video_reader import VideoReader
from meltr_mm.datasets.video_tables import write_mapped_features


def _decode(videos: Dict[str, str], name: str) -> Iterator[np.ndarray]:
    return s3d_clips(VideoReader(videos[name]))


def _write(table: Mapping, path: str) -> None:
    if path.endswith('.npy'):
        write_mapped_features(table, path, path)
    else:
        write_pickle(table, path)


def main() -> None:
    """Read the command line and extract."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', help='folder of videos')
    parser.add_argument('output', help='table to write, .pickle or .npy')
    parser.add_argument('--weights', required=True,
                        help='s3d_howto100m.pth')
    parser.add_argument('--no-normalize', action='store_true',
                        help='keep the lengths of the vectors')
    parser.add_argument('--batch-size', type=int,
                        help='seconds per pass (default: 16, and 2 on a CPU, '
                        'whose caches hold no more)')
    parser.add_argument('--device',
                        default='cuda' if torch.cuda.is_available() else 'cpu')
    add_options(parser)
    args = parser.parse_args()
    if args.batch_size is None:
        args.batch_size = 2 if args.device == 'cpu' else 16
    if args.batch_size < 1:
        parser.error('--batch-size must be at least 1, but is '
                     f'{args.batch_size}')
    videos = videos_in(args.folder)
    network = S3DFeatures(args.weights, args.device, not args.no_normalize)
    extract(args.output, list(videos), partial(_decode, videos), _write,
            dict(normalize=not args.no_normalize), args,
            network.encode, args.batch_size)


if __name__ == '__main__':
    run(main)
