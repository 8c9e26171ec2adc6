"""Convert UniVL weights between official names and ours.

    python tools/convert/univl.py univl.pretrained.bin univl.pth
    python tools/convert/univl.py epoch_5.pth official.bin --to-official

``--config CONFIG`` also checks every name and shape against that model. Files
that were fine-tuned for one task may lack the decoder or the prediction
heads; those are listed and start from random weights. The poolers of the
text and the video encoder, which the official code never uses, are dropped,
and a parameter that it saves under several names is kept under one; the way
back writes all of its names, and not the two poolers.
"""
import checkout  # noqa: F401
import command

import meltr_mm  # noqa: F401
from meltr_mm.models.univl.checkpoint import from_official, to_official

if __name__ == '__main__':
    command.run(
        'UniVL', from_official, to_official,
        heads=('task.', 'decoder.', 'caption_head.', 'word_head.',
               'frame_head.', 'similarity.'))
