"""All-in-one's optimisers for question answering: fast heads, 20 epochs.

Source of the numbers: the official ``task_finetune_msvdqa`` config.
"""
_base_ = 'aid_all_in_one_20e.py'

optim_wrapper = dict(
    # The answer heads learn ten times as fast. A key of ours beats the
    # shorter ones of the base, so their biases are named again.
    paramwise_cfg=dict(
        custom_keys={
            'classifier.': dict(lr_mult=10.),
            'classifier.1.bias': dict(lr_mult=10., decay_mult=0.),
            'classifier.2.bias': dict(lr_mult=10., decay_mult=0.),
            'classifier.4.bias': dict(lr_mult=10., decay_mult=0.)
        }))
