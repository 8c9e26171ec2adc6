# UniVL + MELTR on generated features in the files of MSRVTT: retrieval, 9k.
#
#   python tools/data/make_toyworld.py --out data/toy --data msrvtt_feature
#   python tools/train.py configs/toy/meltr_univl_msrvtt9k_retrieval.py
#
# The twin of configs/meltr_univl_msrvtt9k_retrieval.py that runs on a laptop:
# a small model trained from scratch, so with higher rates.
#
# As the 7k split, with 1000 training videos. Reached with the settings of the
# first release (held-out meta batches, gamma=0.1): R@1 25.0 % (R@5 72.5, R@10
# 88.8), trained in 3.6 minutes on one core of an AMD EPYC, 2026-11-25.
_base_ = ['../meltr_univl_msrvtt9k_retrieval.py', '../_base_/toy_univl.py']
_base_.merge(_base_.pop('toy'))

data_root = '{{$MELTR_DATA:data}}/toy/msrvtt_feature'
val_set = dict(csv_file='MSRVTT_val.csv')

# Three captions of a video make an epoch three times as long.
train_cfg = dict(max_epochs=4, val_interval=2)
work_dir = './work_dirs/toy/meltr_univl_msrvtt9k_retrieval'
