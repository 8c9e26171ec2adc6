"""All-in-one's optimisers: AdamW with warm-up, MELTR every 5 updates.

Source of the numbers: the official ``msrvtt_retrieval_MELTR`` config. The
official AdamW is that of transformers 4.2 (``type='BertAdamW', eps=1e-8``
here); torch's differs in where it adds eps and is faster.
"""
optim_wrapper = dict(
    type='AIDOptimWrapper',
    constructor='AIDOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=3e-4, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.01),
    # What is not decayed. The longest key that is part of a name decides. The
    # LayerNorm inside a QA head is decayed, as officially.
    paramwise_cfg=dict(
        # The bias of BERT's language-model head has two names.
        bypass_duplicate=True,
        custom_keys={
            'bias': dict(decay_mult=0.),
            'LayerNorm.weight': dict(decay_mult=0.),
            'norm.weight': dict(decay_mult=0.),
            'norms.0.weight': dict(decay_mult=0.),
            'norms.1.weight': dict(decay_mult=0.)
        }),
    # L2 decay inside Adam, not AdamW's.
    meta_optimizer=dict(
        type='Adam', lr=1e-4, betas=(0.9, 0.98), weight_decay=3e-5),
    gamma=0.1,
    interval=5,
    begin=1,
    # Clips MELTR only; the model's gradient is not clipped.
    meta_clip_grad=dict(max_norm=1.),
    history=dict(capacity=10, eviction='weighted'))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# Up from 0 in the first tenth of the run, then down to 0 in a straight line.
# MMEngine's chain of factors cannot leave an exact 0.
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-12, begin=0, end=20,
        convert_to_iter_based=True),
    dict(
        type='PolyLR', power=1, eta_min=0., begin=20, end=200,
        convert_to_iter_based=True)
]
