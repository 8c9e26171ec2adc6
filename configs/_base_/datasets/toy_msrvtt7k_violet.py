# The toy world in the files of MSRVTT retrieval, for a small VIOLET: seven of
# nine of its training clips.
#
# configs/toy/meltr_violet_msrvtt7k_retrieval.py:
# R@1/5/10 4.4/16.9/33.1 % in the test, 1400 iterations of 0.4 s on one core
# (26 November 2026).
_base_ = ['./toy_msrvtt9k_violet.py']

ann_file = 'train_7k.json'
train_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
meta_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
