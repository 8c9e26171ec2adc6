# All-in-one for multiple-choice question answering, at its published size.
_base_ = 'all_in_one.py'

model = dict(
    model=dict(
        heads=dict(_delete_=True, mlm=dict(), mc=dict(dropout=0.1)),
        target='mc'),
    losses=['loss_mlm', 'loss_mc'],
    primary='loss_mc')
