"""Generate the toy data sets: ``make_toyworld.py --out data/toy``.

Writes one folder per data set below ``--out``, in the file formats of the
real one: ``msvd_qa``, ``tgif_qa`` and ``msrvtt`` with videos; ``youcook2``,
``msrvtt_feature`` and ``cmu_mosi`` with features, for UniVL. ``--data`` names
those that are wanted; ``own``, videos with csv files as a person has them
(docs/own_clips.md), is written only if it is named. The same arguments give
the same annotations and features, byte by byte; a second run reuses what is
there.
"""
import argparse
import os.path as osp
import time
from functools import partial

from tqdm import tqdm

from meltr_mm.toyworld import (
    write_cmu_mosi,
    write_msrvtt,
    write_msrvtt_feature,
    write_msvd_qa,
    write_own_clips,
    write_tgif_qa,
    write_youcook2,
)

WRITERS = {
    write.name: write
    for write in (write_msvd_qa, write_tgif_qa, write_msrvtt, write_youcook2,
                  write_msrvtt_feature, write_cmu_mosi, write_own_clips)
}
FRAMES = {
    name: write.options['frames']
    for name, write in WRITERS.items() if 'frames' in write.options
}


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        argparse.Namespace: The arguments.
    """
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--out', required=True, help='where to write')
    parser.add_argument(
        '--data',
        nargs='+',
        choices=WRITERS,
        default=[name for name in WRITERS if name != 'own'],
        help='which data sets')
    parser.add_argument('--seed', type=int, default=0, help='decides all')
    parser.add_argument(
        '--clips',
        type=int,
        nargs=3,
        default=(1000, 60, 160),
        metavar=('TRAIN', 'VAL', 'TEST'),
        help='number of clips of each split (TGIF-QA: of each kind); the toy '
        'configs need 24 for training')
    parser.add_argument(
        '--frames',
        type=int,
        help=f'frames per clip in pickles; None is {FRAMES}')
    parser.add_argument(
        '--size', type=int, default=96, help="side of the model's frames")
    parser.add_argument(
        '--feature-dim',
        type=int,
        default=64,
        help='width of the features, where a data set comes as features')
    args = parser.parse_args()
    if min(args.clips) < 1:
        parser.error(f'--clips must all be at least 1, but are {args.clips}')
    if args.frames is not None and args.frames < 1:
        parser.error(f'--frames must be at least 1, but is {args.frames}')
    if args.size < 96 or args.size % 32:
        # Block masking needs three cells of 32 pixels a side.
        parser.error('--size must be a multiple of 32 from 96 on, but is '
                     f'{args.size}')
    if args.feature_dim < 1:
        parser.error('--feature-dim must be at least 1, but is '
                     f'{args.feature_dim}')
    return args


def write(name: str, args: argparse.Namespace) -> None:
    """Write one data set and say where.

    Args:
        name (str): A key of ``WRITERS``.
        args (argparse.Namespace): The arguments.
    """
    root = osp.join(args.out, name)
    options = {
        option: getattr(args, option)
        for option in WRITERS[name].options
        if getattr(args, option) is not None
    }
    start = time.time()
    try:
        written = WRITERS[name](
            root,
            seed=args.seed,
            sizes=dict(zip(('train', 'val', 'test'), args.clips)),
            progress=partial(tqdm, desc=name, unit='clip'),
            **options)
    except (FileExistsError, ValueError) as error:
        raise SystemExit(f'make_toyworld.py: {error}') from None
    if written:
        print(f'{root}: written in {time.time() - start:.0f} s')
    else:
        print(f'{root}: reused, it was made with the same arguments')


def main() -> None:
    """Write every data set that is wanted."""
    args = parse_args()
    for name in args.data:
        write(name, args)


if __name__ == '__main__':
    main()
