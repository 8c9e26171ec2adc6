"""Generate the toy data sets: ``make_toyworld.py --out data/toy``.

Writes ``<out>/msvd_qa`` in the file formats of MSVD-QA. The same arguments
give the same annotations, byte by byte; a second run reuses what is there.
"""
import argparse
import os.path as osp
import time
from functools import partial

from tqdm import tqdm

from meltr_mm.toyworld import write_msvd_qa


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        argparse.Namespace: The arguments.
    """
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--out', required=True, help='where to write')
    parser.add_argument('--seed', type=int, default=0, help='decides all')
    parser.add_argument(
        '--clips',
        type=int,
        nargs=3,
        default=(1000, 60, 160),
        metavar=('TRAIN', 'VAL', 'TEST'),
        help='number of clips of each split')
    parser.add_argument(
        '--frames', type=int, default=2, help='frames per clip in pickles')
    parser.add_argument(
        '--size', type=int, default=96, help="side of the model's frames")
    args = parser.parse_args()
    if min(args.clips) < 1:
        parser.error(f'--clips must all be at least 1, but are {args.clips}')
    if args.frames < 1 or args.size < 96 or args.size % 32:
        # Block masking needs three cells of 32 pixels a side.
        parser.error('--frames must be at least 1 and --size a multiple of '
                     f'32 from 96 on, but are {args.frames} and {args.size}')
    return args


def main() -> None:
    """Write every data set and say where."""
    args = parse_args()
    root = osp.join(args.out, 'msvd_qa')
    start = time.time()
    try:
        written = write_msvd_qa(
            root,
            seed=args.seed,
            sizes=dict(zip(('train', 'val', 'test'), args.clips, strict=True)),
            frames=args.frames,
            size=args.size,
            progress=partial(tqdm, desc='msvd_qa', unit='clip'))
    except FileExistsError as error:
        raise SystemExit(f'make_toyworld.py: {error}') from None
    if written:
        print(f'{root}: written in {time.time() - start:.0f} s')
    else:
        print(f'{root}: reused, it was made with the same arguments')


if __name__ == '__main__':
    main()
