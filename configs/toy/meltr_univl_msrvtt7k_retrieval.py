# UniVL + MELTR on generated features in the files of MSRVTT: retrieval, 7k.
#
#   python tools/data/make_toyworld.py --out data/toy --data msrvtt_feature
#   python tools/train.py configs/toy/meltr_univl_msrvtt7k_retrieval.py
#
# The twin of configs/meltr_univl_msrvtt7k_retrieval.py that runs on a laptop:
# a small model trained from scratch, so with higher rates, and meta batches
# from videos that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/univl_toy.py',
    '../_base_/datasets/toy_msrvtt_univl.py',
    '../_base_/schedules/toy_univl.py'
]

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))

# Three captions of a video make an epoch three times as long.
train_cfg = dict(max_epochs=4, val_interval=2)
param_scheduler = dict(period=4)
work_dir = './work_dirs/toy/meltr_univl_msrvtt7k_retrieval'
