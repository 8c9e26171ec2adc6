# What is the same for clips of one's own, whatever model and task. Each
# config in configs/own puts it over the config of a public data set.

# Validation and test read what training does: `train_set.seed=1` deals the
# clips anew to all three.
read = dict(
    _delete_=True,
    type='CsvVideoTextDataset',
    task='${train_set.task}',
    data_root='${data_root}',
    ann_file='${train_set.ann_file}',
    data_prefix='${train_set.data_prefix}',
    exclude_file='${train_set.exclude_file}',
    held_out='${train_set.held_out}',
    seed='${train_set.seed}',
    vocab_size='${train_set.vocab_size}',
    test_mode=True,
    pipeline=['${test_inputs}'])
own = dict(
    # A config sets task and ann_file.
    train_set=dict(
        _delete_=True,
        type='CsvVideoTextDataset',
        data_root='${data_root}',
        data_prefix=dict(video='videos'),
        exclude_file=None,
        # Where the csv has no column `split`: the share of the videos that
        # val and test have each, and what decides which.
        held_out=0.1,
        seed=0,
        # The most frequent answers of training, which can be given.
        vocab_size=1000,
        pipeline=['${train_inputs}']),
    val_set=dict(read, split='val'),
    test_set=dict(read, split='test'),
    # More where there are thousands of clips.
    train_dataloader=dict(batch_size=8),
    # No accumulation: batches are not spread over GPUs here.
    optim_wrapper=dict(accumulative_counts=1))
del read  # not a key of the config
