# MSRVTT retrieval for VIOLET at full size: 7,010 training clips, listed in
# data/msrvtt/train_7k.json.
_base_ = ['./msrvtt9k_violet.py']

train_dataloader = dict(dataset=dict(ann_file='train_7k.json'))
