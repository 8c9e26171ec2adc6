# All-in-one + MELTR, text-to-video retrieval on MSRVTT, 9,000 training clips.
#
#   python tools/train.py configs/meltr_all_in_one_msrvtt9k_retrieval.py
#
# Data: data/msrvtt/ (docs/data/msrvtt.md), as for 7k, with train_list_9k.txt.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: R@1 / R@5 / R@10 41.3 / 73.5 / 82.5.
# Hyper-parameters: `msrvtt_retrieval_MELTR` of the official config.py (batch
# 16 per GPU on 8 GPUs, two per update, 200 epochs, lr 3e-4, MELTR 1e-4, gamma
# 0.1, every 5).
#
# The target task is retrieval, so the primary loss is the contrastive one.
# The official code takes the first of its tasks, which is MLM:
# `model.primary=loss_mlm` as one of the --cfg-options reproduces it.
# A whole run: 200 epochs of 9,000 videos, 256 per update on 8 GPUs: 7,000
# updates, 700 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 23.5 GiB of tensors in an update of 16 per GPU, 24.7
# in one with a meta step.
_base_ = 'meltr_all_in_one_msrvtt7k_retrieval.py'

train_set = dict(list_file='train_list_9k.txt')
