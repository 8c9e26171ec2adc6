# What is the same for clips of one's own, whatever model and task. Each
# config in configs/own puts it over the config of a public data set.
own = dict(
    # More where there are thousands of clips.
    train_dataloader=dict(batch_size=8),
    # No accumulation: batches are not spread over GPUs here.
    optim_wrapper=dict(accumulative_counts=1))
