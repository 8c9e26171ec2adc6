"""Extract VIOLET's frames from a folder of videos.

    python tools/data/extract_frames.py data/msvd/videos data/msvd/img_msvd.pkl

Writes the pickle {video: [JPEG in base64, ...]} that ``img_file`` of the
configs names. With N frames in a video, frame i of 5 is number
floor(N / 6 * (i + 1)), at full size, as for the published files. Videos of
any kind that FFmpeg reads, called by their names without ending.

An interrupted run goes on where it was; ``--shard I/N`` shares the work of
several machines.
"""
import argparse
import base64
import io
from functools import partial
from typing import Dict, Iterator

import numpy as np
from extraction import add_options, extract, run, videos_in, write_pickle
from PIL import Image

from meltr_mm.datasets.transforms.frames import even_frame_indices
from meltr_mm.datasets.video_reader import VideoReader


def jpeg_frames(video: str, count: int) -> np.ndarray:
    """Take frames out of a video as VIOLET's files have them.

    Args:
        video (str): The file.
        count (int): How many.

    Returns:
        np.ndarray: (count,), JPEGs in base64.
    """
    reader = VideoReader(video)
    frames = []
    for image in reader.get_frames(even_frame_indices(len(reader), count)):
        file = io.BytesIO()
        Image.fromarray(image).save(file, 'JPEG')
        frames.append(base64.b64encode(file.getvalue()))
    return np.array(frames)


def _decode(videos: Dict[str, str], count: int,
            name: str) -> Iterator[np.ndarray]:
    yield jpeg_frames(videos[name], count)


def main() -> None:
    """Read the command line and extract."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', help='folder of videos')
    parser.add_argument('output', help='pickle to write, img_<data set>.pkl')
    parser.add_argument('--frames', type=int, default=5,
                        help='frames per video (5 in all published files)')
    add_options(parser)
    args = parser.parse_args()
    if args.frames < 1:
        parser.error(f'--frames must be at least 1, but is {args.frames}')
    videos = videos_in(args.folder)
    extract(args.output, list(videos), partial(_decode, videos, args.frames),
            partial(write_pickle,
                    entry=lambda rows: [frame.decode() for frame in rows]),
            dict(frames=args.frames), args)


if __name__ == '__main__':
    run(main)
