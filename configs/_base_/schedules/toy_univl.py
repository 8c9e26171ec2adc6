"""Higher rates and more epochs for a small UniVL from random weights."""
_base_ = ['./aid_univl.py']

optim_wrapper = dict(
    optimizer=dict(lr=2e-3, fused=True),
    clip_grad=dict(max_norm=5.))

train_cfg = dict(max_epochs=8, val_interval=4)
param_scheduler = dict(period=8)
randomness = dict(seed=0)
