# The toy world in the files of UniVL's MSRVTT, for a small UniVL: retrieval,
# 9k split.
_base_ = ['./toy_msrvtt_univl.py']

split = dict(split='train_9k', csv_file='MSRVTT_train.9k.csv')
train_dataloader = dict(dataset=dict(dataset=split))
meta_dataloader = dict(dataset=dict(dataset=split))
