# VIOLET + MELTR on TGIF-Frame: the published recipe.
#
#   python tools/train.py configs/official/meltr_violet_tgif_frame.py
#
# Data: as configs/meltr_violet_tgif_frame.py says. Weights:
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain_official.pth --random-matching-head
# and --cfg-options load_from=checkpoints/violet_pretrain_official.pth
# Paper: see its table of TGIF-QA.
# Differs from ours: frames blacked out by the masks for every loss, a matching
# head from random weights (the flag above), no choice of a checkpoint.
# A whole run: 20 epochs of up to 39,392 questions, 5 per GPU, the last batch
# left out; on one GPU 157,560 updates and 52,520 meta steps.
# Memory (docs/costs.md): 18.0 GiB of tensors in an update of 5 per GPU, 21.2
# in one with a meta step.
_base_ = ['../meltr_violet_tgif_frame.py', '../_base_/official_violet.py']
_base_.merge(_base_.pop('official'))

work_dir = './work_dirs/official/meltr_violet_tgif_frame'
