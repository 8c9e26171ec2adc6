# UniVL + MELTR, text-to-video retrieval on MSRVTT, trained on 9k videos.
#
#   python tools/train.py configs/meltr_univl_msrvtt9k_retrieval.py
#   bash tools/dist_train.sh configs/meltr_univl_msrvtt9k_retrieval.py 8
#
# The second has the batch below, 8 processes of 16.
#
# Data: data/msrvtt/ (docs/data/msrvtt.md), as for 7k. Weights: UniVL's
# pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: R@1 31.1, R@5 55.7, R@10 68.3, MedR 4. Hyper-parameters: lengths,
# batch (128 in all), rate (5e-5) and epochs (5) of UniVL's README; those of
# MELTR are the defaults of its code. Which ones made the paper's numbers is
# not known: MELTR's defaults are 1e-4, batch 128 and one epoch.
# A whole run: 5 epochs of 180,000 captions, 128 per update on 8 GPUs: 7,030
# updates, 703 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 11.6 GiB of tensors in an update of 16 per GPU, 14.4
# in one with a meta step.
_base_ = 'meltr_univl_msrvtt7k_retrieval.py'

# One sample per caption, 180,000 in all (the official option
# `--expand_msrvtt_sentences`). The official code without it, one sample per
# video with captions drawn anew each epoch, is samples='videos' here and
# train_inputs = dict(draw_captions=True).
train_set = dict(split='train_9k', csv_file='MSRVTT_train.9k.csv')
