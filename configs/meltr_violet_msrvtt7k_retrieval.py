# VIOLET + MELTR, text-to-video retrieval on MSRVTT, 7k training split.
#
#   python tools/train.py configs/meltr_violet_msrvtt7k_retrieval.py
#
# Data: data/msrvtt/ (docs/data/msrvtt.md), as for 9k, with train_7k.json.
# Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: R@1/5/10 33.6/63.7/77.8.
# Hyper-parameters: args_msrvtt-retrieval.json of the official code
# (batch 5 per GPU, 20 epochs, lr 3e-6, MELTR 3e-6, gamma 0.1, every 3).
# A whole run: 20 epochs of 140,200 captions, on one GPU: 560,800 updates,
# 56,080 meta steps. What differs from the published recipe: configs/official.
# Memory (docs/costs.md): 21.8 GiB of tensors in an update of 5 per GPU, 24.4
# in one with a meta step.
_base_ = 'meltr_violet_msrvtt9k_retrieval.py'

train_set = dict(ann_file='train_7k.json')
