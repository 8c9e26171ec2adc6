"""Convert VIOLET weights between official names and ours.

    python tools/convert/violet.py ckpt_violet_pretrain.pt violet.pth
    python tools/convert/violet.py epoch_30.pth official.pt --to-official

``--config CONFIG`` also checks every name and shape against that model. The
heads that a file lacks, such as the answer head in a pre-training checkpoint,
are listed and start from random weights. The matching head of pre-training
becomes ours; with ``--random-matching-head`` that head is left out and starts
from random weights, as in the official question answering.

The files that VIOLET's authors have fine-tuned have one head, ``fc``. With
several outputs it is the answer head; with one output say what it was trained
for: ``--form retrieval`` or ``--form multiple_choice_qa``.
"""
import argparse
from functools import partial
from typing import List, Optional

import checkout  # noqa: F401
import command

import meltr_mm  # noqa: F401
from meltr_mm.models.violet.checkpoint import (
    FORMS,
    from_official,
    to_official,
)


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
    options.add_argument(
        '--form',
        choices=list(FORMS),
        help='what a file with the one head fc was trained for')
    args, rest = options.parse_known_args(argv)
    command.run(
        'Violet',
        partial(
            from_official,
            random_matching_head=args.random_matching_head,
            form=args.form),
        to_official,
        rest,
        options=[options],
        heads=('task.', 'vtm_head.', 'mtm_head.', 'mvm_head.'))


if __name__ == '__main__':
    main()
