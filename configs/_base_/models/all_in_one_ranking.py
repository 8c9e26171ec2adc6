# All-in-one for choosing the caption of a video, at its published size.
_base_ = 'all_in_one.py'

model = dict(
    model=dict(
        # The head that ranks starts as row 1 of a pre-trained matching head.
        heads=dict(rank=dict()),
        target='rank'),
    losses=['loss_mlm', 'loss_itc', 'loss_rank'],
    primary='loss_rank')
