# VIOLET + MELTR on MSVD-QA: the published recipe.
#
#   python tools/train.py configs/official/meltr_violet_msvdqa.py
#
# Data: as configs/meltr_violet_msvdqa.py says. Weights:
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain_official.pth --random-matching-head
# and --cfg-options load_from=checkpoints/violet_pretrain_official.pth
# Paper: accuracy 51.7, of the 11,983 of 13,157 test questions whose answer is
# in the vocabulary (the authors left the others out): qa/accuracy_known here.
# Differs from ours: frames blacked out by the masks for every loss, a matching
# head from random weights (the flag above), no choice of a checkpoint.
# A whole run: 30 epochs of 30,933 questions, 5 per GPU, the last batch left
# out; on one GPU 185,580 updates and 61,860 meta steps. How many GPUs the
# authors had is not known.
# Memory (docs/costs.md): 18.0 GiB of tensors in an update of 5 per GPU, 21.2
# in one with a meta step.
_base_ = ['../meltr_violet_msvdqa.py', '../_base_/official_violet.py']
_base_.merge(_base_.pop('official'))

work_dir = './work_dirs/official/meltr_violet_msvdqa'
