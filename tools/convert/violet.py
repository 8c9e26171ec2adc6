"""Convert VIOLET weights between official names and ours.

    python tools/convert/violet.py ckpt_violet_pretrain.pt violet.pth
    python tools/convert/violet.py epoch_30.pth official.pt --to-official

``--config CONFIG`` also checks every name and shape against that model. A
pre-training checkpoint has no answer head, so for it the check reports one;
load it with ``load_from``. Its matching head becomes ours; the official
question answering starts that head from random weights.
"""
import checkout  # noqa: F401
import command

import meltr_mm  # noqa: F401
from meltr_mm.models.violet.checkpoint import from_official, to_official

if __name__ == '__main__':
    command.run('Violet', from_official, to_official)
