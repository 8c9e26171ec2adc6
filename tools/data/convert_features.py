"""Convert a pickle of video features to a memory-mapped form, once.

    python tools/data/convert_features.py \
        data/youcook2/youcookii_videos_features.pickle \
        data/youcook2/youcookii_videos_features.npy

Set `feature_file` in the config to the .npy; its index, .json, stays beside
it. Training then holds no copy of the features in memory. The conversion
itself reads the whole pickle.
"""
import argparse
import pickle
import sys
from functools import partial

from tqdm import tqdm

from meltr_mm.datasets.data_files import load_video_table
from meltr_mm.datasets.video_tables import write_mapped_features


def main() -> None:
    """Convert as the command line says; one line says what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('pickle', help='{id: (seconds, width)}')
    parser.add_argument('out', help='file to write, ending in .npy')
    parser.add_argument(
        '--width', type=int, help='what the width must be, e.g. 1024')
    args = parser.parse_args()
    try:
        table = load_video_table(args.pickle)
        rows, width = write_mapped_features(
            table, args.out, args.pickle,
            partial(tqdm, unit='video'), args.width)
    except (OSError, ValueError, pickle.UnpicklingError) as error:
        sys.exit(f'error: {error}')
    print(f'{args.out}: {rows} vectors of width {width}, {len(table)} videos')


if __name__ == '__main__':
    main()
