"""Higher rates for a small VIOLET that starts from random weights."""
_base_ = ['./aid_violet.py']

optim_wrapper = dict(
    optimizer=dict(lr=1e-3, weight_decay=1e-2, fused=True),
    meta_optimizer=dict(lr=3e-4),
    clip_grad=dict(max_norm=5.))

train_cfg = dict(max_epochs=8, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),
    dict(
        type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True,
        eta_min_ratio=0.02)
]
randomness = dict(seed=0)
