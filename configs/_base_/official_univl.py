# The recipe of the released commands of UniVL + MELTR: each config in
# configs/official puts it over the one of the same name. What no switch brings
# back is in docs/differences.md. Whether the published numbers were made with
# these settings is not known.
official = dict(
    max_length=20,
    max_frames=100,
    model=dict(
        # [PAD] counts, a pair is compared with itself, one direction only.
        model=dict(loss_rules='official'),
        # Half of all such starts push the target's loss up at first.
        meltr=dict(start='random', normalise=False)),
    # 128 in all: 8 processes of 16.
    train_dataloader=dict(batch_size=16),
    optim_wrapper=dict(
        optimizer=dict(
            _delete_=True,
            type='BertAdam',
            lr=1e-4,
            betas=(0.9, 0.999),
            weight_decay=0.01,
            max_grad_norm=1.),
        # `--reg` is left off.
        inverse_hessian=None,
        gamma=0,
        interval=3),
    # One epoch of a rate that falls over four.
    train_cfg=dict(max_epochs=1),
    param_scheduler=dict(
        _delete_=True,
        type='PeriodicLR',
        shape='linear_down',
        period=4,
        by_epoch=True,
        convert_to_iter_based=True),
    # Each epoch is kept, and none is chosen.
    default_hooks=dict(
        checkpoint=dict(save_best=None, rule=None, max_keep_ckpts=-1)))
