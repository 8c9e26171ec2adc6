# UniVL + MELTR on generated features in the files of CMU-MOSI: sentiment.
#
#   python tools/data/make_toyworld.py --out data/toy --data cmu_mosi
#   python tools/train.py configs/toy/meltr_univl_mosi.py
#
# The twin of configs/meltr_univl_mosi.py that runs on a laptop: a small model
# trained from scratch, so with higher rates, and meta batches from utterances
# that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/univl_toy.py',
    '../_base_/datasets/toy_mosi_univl.py',
    '../_base_/schedules/toy_univl.py'
]

model = dict(
    model=dict(task=dict(_delete_=True, type='UniVLSentiment', dropout=0.)),
    losses=[
        'loss_sentiment', 'loss_joint', 'loss_alignment', 'loss_mlm',
        'loss_mfm'
    ],
    primary='loss_sentiment')

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
default_hooks = dict(
    checkpoint=dict(save_best='sentiment/MAE', rule='less'))
work_dir = './work_dirs/toy/meltr_univl_mosi'
