"""UniVL's optimisers: 5 epochs, MELTR at updates 1, 4, 7 and so on.

Source of the numbers: the official MELTR code, whose meta settings are the
same for all tasks of UniVL, and UniVL's own number of epochs. The official
optimiser is BERT's Adam:

    optimizer=dict(type='BertAdam', betas=(0.9, 0.999)),
    param_scheduler=dict(type='PeriodicLR', period=4, by_epoch=True,
                         convert_to_iter_based=True)

torch's AdamW corrects the bias of the first steps and has fused kernels.

The official option `coef_lr` is a rate of the text encoder's own. It is 1
whenever a checkpoint is given, as here. Another one, in `paramwise_cfg`:

    custom_keys={'text_encoder': dict(lr_mult=0.1), ...}

MMEngine asks neither bias_decay_mult nor norm_decay_mult about what a key
matches, so biases and LayerNorms within need longer keys with decay_mult=0.
"""
optim_wrapper = dict(
    type='AIDOptimWrapper',
    constructor='AIDOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.999), eps=1e-6,
        weight_decay=0.01),
    # The weight that normalises the features is decayed, as officially.
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        custom_keys={'video_norm.weight': dict(decay_mult=1.)}),
    clip_grad=dict(max_norm=1.),
    # L2 decay inside Adam, not AdamW's.
    meta_optimizer=dict(type='Adam', lr=1e-3, weight_decay=3e-5),
    meta_clip_grad=dict(max_norm=50),
    # Of the paper; the released commands leave the regulariser off: 0.
    gamma=0.1,
    interval=3,
    begin=1,
    history=dict(capacity=10, eviction='fifo'))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# Up in the first tenth, then down to 0 in a straight line. The period is the
# length of the run, in epochs: a leaf with another sets both.
param_scheduler = dict(
    type='PeriodicLR',
    shape='warmup_linear',
    period=5,
    warmup=0.1,
    by_epoch=True,
    convert_to_iter_based=True)
