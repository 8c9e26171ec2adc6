# The recipe of the published numbers of All-in-one + MELTR: each config in
# configs/official puts it over the one of the same name. What no switch brings
# back is in docs/differences.md.
official = dict(
    model=dict(
        # In evaluation, too.
        model=dict(vit=dict(patch_order='random')),
        meltr=dict(start='normal', normalise=False),
        # The first of its tasks.
        primary='loss_mlm'),
    # PIL's filter. Frames are random in evaluation as well: the mean of three
    # clips.
    train_inputs=dict(antialias=True),
    test_inputs=dict(antialias=True, random_frames=True, num_clips=3),
    # The last batch of an epoch is trained on.
    train_dataloader=dict(drop_last=False),
    optim_wrapper=dict(
        optimizer=dict(type='BertAdamW'),
        inverse_hessian=None,
        gamma=0.1,
        interval=5,
        # Each batch is an update of its own: two are configured, but the
        # gradient is cleared after each.
        accumulative_counts=1))
