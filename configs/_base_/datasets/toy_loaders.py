# How the toy data of UniVL and VIOLET are loaded, and how their training clips
# are divided: `part` of SeededSplit.
train_loader = dict(
    batch_size=16,
    # Two cores are better used by the model itself. With workers, keep them
    # over the epochs (persistent_workers=True): MMEngine seeds a worker by
    # its number only, so a new one would draw the same masks again.
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
# MELTR's meta batches: a tenth of the training clips, which training never
# sees. For the optimiser wrapper, `meta_dataloader=_base_.meta_dataloader`.
meta_dataloader = dict(
    **train_loader, dataset=dict(type='SeededSplit', part='meta'))
test_loader = dict(
    num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
