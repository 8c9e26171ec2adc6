# What is the same for clips of one's own, whatever model and task. Each
# config in configs/own puts it over the config of a public data set.
own = dict(
    # More where there are thousands of clips.
    train_dataloader=dict(
        batch_size=8,
        dataset=dict(
            type='SeededSplit', part='train', fraction=0.2,
            dataset='${train_set}')),
    # MELTR's meta batches: a fifth of the training clips, which training never
    # sees.
    optim_wrapper=dict(
        accumulative_counts=1,
        meta_dataloader=dict(
            batch_size=4,
            num_workers=0,
            drop_last=False,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(
                type='SeededSplit', part='meta', fraction=0.2,
                dataset='${train_set}'))))
