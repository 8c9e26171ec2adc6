"""Convert VIOLET weights between official names and ours.

    python tools/convert/violet.py ckpt_violet_pretrain.pt violet.pth
    python tools/convert/violet.py epoch_30.pth official.pt --to-official

``--config CONFIG`` also checks every name and shape against that model. A
pre-training checkpoint has no answer head, so for it the check reports one;
load it with ``load_from``. Its matching head becomes ours; with
``--random-matching-head`` that head is left out and starts from random
weights, as the official question answering does.
"""
import argparse
from functools import partial
from typing import List, Optional

import checkout  # noqa: F401
import command

import meltr_mm  # noqa: F401
from meltr_mm.models.violet.checkpoint import from_official, to_official


def main(argv: Optional[List[str]] = None) -> None:
    """Run the command.

    Args:
        argv (list[str], optional): Arguments. Defaults to the process's.
    """
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        '--random-matching-head',
        action='store_true',
        help='leave the matching head of a pre-training or retrieval '
        'checkpoint out')
    args, rest = options.parse_known_args(argv)
    command.run(
        'Violet',
        partial(
            from_official, random_matching_head=args.random_matching_head),
        to_official,
        rest,
        options=[options])


if __name__ == '__main__':
    main()
