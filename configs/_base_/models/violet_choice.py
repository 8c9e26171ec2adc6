# VIOLET for multiple-choice question answering, at its published size.
_base_ = ['./violet.py']

model = dict(
    model=dict(
        # True in `official_matching` compares videos as the official code
        # does, which mixes up options and videos.
        task=dict(
            _delete_=True,
            type='VioletMultipleChoiceQA',
            dropout=0.1,
            official_matching=False)))
