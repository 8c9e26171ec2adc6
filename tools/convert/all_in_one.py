"""Convert All-in-one weights between official names and ours.

    python tools/convert/all_in_one.py all-in-one-plus-224.ckpt all_in_one.pth
    python tools/convert/all_in_one.py epoch_20.pth official.pt --to-official

Lightning files are read without running the code in them. A file that MELTR
was fine-tuned in becomes a checkpoint of ``MELTRWrapper``, weights of MELTR
included, and back. ``--num-frames 5`` fits the temporal embedding to clips
of another length (first rows of the file, then zeros); loading does the same.

``--config CONFIG`` also checks every name and shape against that model. The
heads that a file lacks, such as those of downstream tasks in the pre-training
file, are listed and start from random weights; so are those that the model
has no use for.
"""
import argparse
from functools import partial

import checkout  # noqa: F401
import command
import lightning_file

import meltr_mm  # noqa: F401
from meltr_mm.models.all_in_one.checkpoint import from_official, to_official

if __name__ == '__main__':
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        '--num-frames', type=int, help='rows of the temporal embedding')
    args, rest = options.parse_known_args()
    command.run(
        'AllInOne',
        partial(from_official, num_frames=args.num_frames),
        to_official,
        rest,
        read=lightning_file.read_state_dict,
        options=[options],
        heads=('heads.', ))
