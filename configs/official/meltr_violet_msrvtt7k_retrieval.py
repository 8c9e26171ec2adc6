# VIOLET + MELTR on MSRVTT 7k retrieval: the published recipe.
#
#   python tools/train.py configs/official/meltr_violet_msrvtt7k_retrieval.py
#
# Data: as configs/meltr_violet_msrvtt7k_retrieval.py says. Weights:
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: R@1 / R@5 / R@10 33.6 / 63.7 / 77.8.
# Differs from ours: frames blacked out by the masks for every loss, the last
# batch is kept, no choice of a checkpoint.
# A whole run: 20 epochs of 140,200 captions, 5 per GPU; on one GPU 560,800
# updates and 186,933 meta steps.
# Memory (docs/costs.md): 16.5 GiB of tensors in an update of 5 per GPU, 19.7
# in one with a meta step.
_base_ = [
    '../meltr_violet_msrvtt7k_retrieval.py',
    '../_base_/official_violet.py'
]
_base_.merge(_base_.pop('official'))

train_dataloader = dict(drop_last=False)

work_dir = './work_dirs/official/meltr_violet_msrvtt7k_retrieval'
