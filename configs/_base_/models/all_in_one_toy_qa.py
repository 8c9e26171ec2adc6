# The small All-in-one, for open-ended question answering.
# A leaf sets the outputs of its data set, one more than its vocabulary:
#   model = dict(model=dict(heads=dict(qa=dict(num_answers=15))))
_base_ = 'all_in_one_toy.py'

model = dict(
    model=dict(
        heads=dict(
            _delete_=True, mlm=dict(), qa=dict(num_answers=15, dropout=0.)),
        target='qa'),
    losses=['loss_mlm', 'loss_qa'],
    primary='loss_qa')
