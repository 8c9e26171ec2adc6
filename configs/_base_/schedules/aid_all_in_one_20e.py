"""As aid_all_in_one.py, for 20 epochs and with a lower rate.

Source of the numbers: the official ``task_finetune_msvdqa`` config.
"""
_base_ = 'aid_all_in_one.py'

optim_wrapper = dict(optimizer=dict(lr=1e-4))
train_cfg = dict(max_epochs=20)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-12, begin=0, end=2,
        convert_to_iter_based=True),
    dict(
        type='PolyLR', power=1, eta_min=0., begin=2, end=20,
        convert_to_iter_based=True)
]
