# All-in-one for open-ended question answering, at its published size.
# A leaf sets the outputs of its data set, one more than its vocabulary:
#   model = dict(model=dict(heads=dict(qa=dict(num_answers=1541))))
_base_ = 'all_in_one.py'

model = dict(
    model=dict(
        # MELTR's recipe for this model knows retrieval only; MLM is the
        # objective of All-in-one's pre-training that questions have, too.
        heads=dict(
            _delete_=True, mlm=dict(),
            qa=dict(num_answers=1001, dropout=0.5)),
        target='qa'),
    losses=['loss_mlm', 'loss_qa'],
    primary='loss_qa')
