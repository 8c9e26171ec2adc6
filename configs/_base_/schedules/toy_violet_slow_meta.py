"""As toy_violet.py, with fewer and smaller meta steps.

The regulariser draws the weight of every loss towards 1 while M is below the
sum of the losses, and towards 0 once M is above. From random weights matching
and questions are learnt late; until then M must not have risen so far.
"""
_base_ = ['./toy_violet.py']

optim_wrapper = dict(interval=5, meta_optimizer=dict(lr=1e-4))
