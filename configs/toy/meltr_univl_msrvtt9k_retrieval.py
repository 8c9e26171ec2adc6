# UniVL + MELTR on generated features in the files of MSRVTT: retrieval, 9k.
#
#   python tools/data/make_toyworld.py --out data/toy --data msrvtt_feature
#   python tools/train.py configs/toy/meltr_univl_msrvtt9k_retrieval.py
#
# The twin of configs/meltr_univl_msrvtt9k_retrieval.py that runs on a laptop:
# a small model trained from scratch, so with higher rates, and meta batches
# from videos that are kept out of training.
_base_ = ['./meltr_univl_msrvtt7k_retrieval.py']

split = dict(split='train_9k', csv_file='MSRVTT_train.9k.csv')
train_dataloader = dict(dataset=dict(dataset=split))
optim_wrapper = dict(meta_dataloader=dict(dataset=dict(dataset=split)))
work_dir = './work_dirs/toy/meltr_univl_msrvtt9k_retrieval'
