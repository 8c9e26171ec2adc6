# VIOLET + MELTR on TGIF-Action: the published recipe.
#
#   python tools/train.py configs/official/meltr_violet_tgif_action.py
#
# Data: as configs/meltr_violet_tgif_action.py says. Weights:
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain_official.pth --random-matching-head
# and --cfg-options load_from=checkpoints/violet_pretrain_official.pth
# Paper: see its table of TGIF-QA.
# Differs from ours: frames blacked out by the masks for every loss, a matching
# head from random weights (the flag above), options joined without spaces and
# cut at their end, whole options hidden, matching that mixes up options and
# videos, no choice of a checkpoint.
# A whole run: 20 epochs of up to 20,475 questions, 3 per GPU, the last batch
# left out; on one GPU 136,500 updates and 45,500 meta steps.
# Memory (docs/costs.md): 18.0 GiB of tensors in an update of 3 per GPU, 21.0
# in one with a meta step.
_base_ = ['../meltr_violet_tgif_action.py', '../_base_/official_violet.py']
_base_.merge(_base_.pop('official'))

official_options = True
model = dict(model=dict(task=dict(official_matching=True)))

work_dir = './work_dirs/official/meltr_violet_tgif_action'
