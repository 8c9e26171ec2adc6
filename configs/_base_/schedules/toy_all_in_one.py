"""Higher rates for a small All-in-one that starts from random weights."""
_base_ = ['./aid_all_in_one.py']

optim_wrapper = dict(
    optimizer=dict(lr=1e-3, fused=True),
    meta_optimizer=dict(lr=3e-4),
    # MELTR's first guess may have the wrong sign, and a loss that is driven up
    # stays up. A stronger pull to the plain sum rights it in time.
    gamma=1.,
    clip_grad=dict(max_norm=5.))

# For data sets of some 900 clips; leaves set the number of epochs.
train_cfg = dict(max_epochs=8, val_interval=1)
# As at full size: up in a straight line, then down to 0.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),
    dict(type='PolyLR', power=1, eta_min=0., convert_to_iter_based=True)
]
randomness = dict(seed=0)
