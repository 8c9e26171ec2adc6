# The small VIOLET, for multiple-choice question answering.
_base_ = ['./violet_toy.py']

model = dict(
    model=dict(
        task=dict(
            _delete_=True,
            type='VioletMultipleChoiceQA',
            dropout=0.,
            # A fifth of the cost, and no wrong option is learnt.
            mask_right_option_only=True)))
