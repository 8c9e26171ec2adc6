"""VIOLET's optimisers: two AdamW with constant rates, MELTR every 3 updates.

Source of every number: agent.py and args_msvd-qaoe.json of the official code;
leaves override per task.
"""
optim_wrapper = dict(
    type='AIDOptimWrapper',
    constructor='AIDOptimWrapperConstructor',
    # One group each: biases and LayerNorms are decayed too.
    optimizer=dict(
        type='AdamW', lr=1.2e-5, betas=(0.9, 0.98), weight_decay=1e-3),
    meta_optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.98), weight_decay=1e-4),
    gamma=0.1,
    interval=3,
    # Clips MELTR only; the model's gradient is not clipped.
    meta_clip_grad=dict(max_norm=12),
    history=dict(capacity=10, eviction='weighted'))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
