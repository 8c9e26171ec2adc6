# UniVL + MELTR on generated features in the files of MSRVTT: retrieval, 7k.
#
#   python tools/data/make_toyworld.py --out data/toy --data msrvtt_feature
#   python tools/train.py configs/toy/meltr_univl_msrvtt7k_retrieval.py
#
# The twin of configs/meltr_univl_msrvtt7k_retrieval.py that runs on a laptop:
# a small model trained from scratch, so with higher rates.
#
# 778 training videos with 3 captions each; 60 and 160 pairs to rank. Chance of
# R@1 is 0.6 % on the test pairs, the ceiling 67 %: what the caption says fits
# several videos. Reached with the settings of the first release (held-out meta
# batches, gamma=0.1): 28.7 % (R@5 71.2, R@10 88.8), trained in 2.3 minutes on
# one core of an AMD EPYC, 2026-11-25.
_base_ = ['../meltr_univl_msrvtt7k_retrieval.py', '../_base_/toy_univl.py']
_base_.merge(_base_.pop('toy'))

data_root = '{{$MELTR_DATA:data}}/toy/msrvtt_feature'
val_set = dict(csv_file='MSRVTT_val.csv')

# Three captions of a video make an epoch three times as long.
train_cfg = dict(max_epochs=4, val_interval=2)
work_dir = './work_dirs/toy/meltr_univl_msrvtt7k_retrieval'
