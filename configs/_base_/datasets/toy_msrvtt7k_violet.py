# The toy world in the files of MSRVTT retrieval, for a small VIOLET: seven of
# nine of its training clips.
_base_ = ['./toy_msrvtt9k_violet.py']

ann_file = 'train_7k.json'
train_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
meta_dataloader = dict(dataset=dict(dataset=dict(ann_file=ann_file)))
