# All-in-one + MELTR on generated clips in the files of MSRVTT, 9k split.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_all_in_one_msrvtt9k_retrieval.py
#
# The twin of configs/meltr_all_in_one_msrvtt9k_retrieval.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/all_in_one_toy.py',
    '../_base_/datasets/toy_msrvtt9k_all_in_one.py',
    '../_base_/schedules/toy_all_in_one.py'
]

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
train_cfg = dict(max_epochs=7)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
work_dir = './work_dirs/toy/meltr_all_in_one_msrvtt9k_retrieval'
