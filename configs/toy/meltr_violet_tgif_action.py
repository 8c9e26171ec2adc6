# VIOLET + MELTR on generated clips in the files of TGIF-Action.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_violet_tgif_action.py
#
# The twin of configs/meltr_violet_tgif_action.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/violet_toy_choice.py',
    '../_base_/datasets/toy_tgif_action_violet.py',
    '../_base_/schedules/toy_violet_slow_meta.py'
]

# The matching pass of a batch grows with its square.
train_dataloader = dict(batch_size=8)
optim_wrapper = dict(
    meta_dataloader={**_base_.meta_dataloader, 'batch_size': 8})
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
work_dir = './work_dirs/toy/meltr_violet_tgif_action'
