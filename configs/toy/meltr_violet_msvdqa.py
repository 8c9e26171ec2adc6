# VIOLET + MELTR on generated clips in the files of MSVD-QA: runs on a laptop.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_violet_msvdqa.py
#
# The twin of configs/meltr_violet_msvdqa.py: same model code, data classes
# and optimisers. What differs is written here and in the toy bases: a
# small model trained from scratch, so with higher rates, and meta batches
# from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/violet_toy.py',
    '../_base_/datasets/toy_msvd_qa_violet.py',
    '../_base_/schedules/aid_violet.py'
]

# Questions such as 'how many objects are there?' fit every clip, so there is
# nothing to be learnt from matching them with clips (loss_vtm), and its B x B
# pass is two thirds of a step. The model computes only what is listed.
model = dict(
    model=dict(task=dict(num_answers=14)),
    losses=['loss_qa', 'loss_mtm', 'loss_mvm'])

optim_wrapper = dict(
    optimizer=dict(lr=1e-3, weight_decay=1e-2, fused=True),
    meta_optimizer=dict(lr=3e-4),
    meta_dataloader=_base_.meta_dataloader,
    clip_grad=dict(max_norm=5.))

train_cfg = dict(max_epochs=8, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),
    dict(
        type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True,
        eta_min_ratio=0.02)
]
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
randomness = dict(seed=0)
