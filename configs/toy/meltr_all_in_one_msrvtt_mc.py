# All-in-one + MELTR on generated clips in the files of MSRVTT multiple choice.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_all_in_one_msrvtt_mc.py
#
# The twin of configs/meltr_all_in_one_msrvtt_mc.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/all_in_one_toy.py',
    '../_base_/datasets/toy_msrvtt_mc_all_in_one.py',
    '../_base_/schedules/toy_all_in_one.py'
]

model = dict(
    model=dict(heads=dict(rank=dict()), target='rank'),
    losses=['loss_mlm', 'loss_itc', 'loss_rank'],
    primary='loss_rank')

# A sample has five texts.
train_dataloader = dict(batch_size=8)
optim_wrapper = dict(
    meta_dataloader={**_base_.meta_dataloader, 'batch_size': 8})
train_cfg = dict(max_epochs=3)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
work_dir = './work_dirs/toy/meltr_all_in_one_msrvtt_mc'
