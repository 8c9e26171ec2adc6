# UniVL + MELTR on generated features in the files of YouCook2: retrieval.
#
#   python tools/data/make_toyworld.py --out data/toy --data youcook2
#   python tools/train.py configs/toy/meltr_univl_youcook2_retrieval.py
#
# The twin of configs/meltr_univl_youcook2_retrieval.py that runs on a laptop:
# a small model trained from scratch, so with higher rates, and meta batches
# from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/univl_toy.py',
    '../_base_/datasets/toy_youcook2_univl.py',
    '../_base_/schedules/toy_univl.py'
]

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
work_dir = './work_dirs/toy/meltr_univl_youcook2_retrieval'
