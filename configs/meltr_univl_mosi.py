# UniVL + MELTR, multimodal sentiment on CMU-MOSI. THE DESIGN IS INFERRED.
#
#   python tools/train.py configs/meltr_univl_mosi.py
#
# Neither UniVL nor MELTR released code or features for this task. Head,
# losses beside the target's, lengths, batch, rate and epochs are our choice,
# and nothing is known about how far they are from what was published.
#
# Data: data/cmu_mosi/ (docs/data/cmu_mosi.md). Weights: UniVL's pre-training
# checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: Acc-2 85.3, F1 85.4, Corr 0.789, MAE 0.759; which of the two
# conventions of Acc-2 is meant is not known, the metric reports both.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/univl.py',
    '_base_/datasets/mosi_univl.py', '_base_/schedules/aid_univl.py'
]

optim_wrapper = dict(optimizer=dict(lr=3e-5))

# There are no captions, hence no losses of the decoder.
model = dict(
    model=dict(task=dict(type='UniVLSentiment', dropout=0.1)),
    losses=[
        'loss_sentiment', 'loss_joint', 'loss_alignment', 'loss_mlm',
        'loss_mfm'
    ],
    primary='loss_sentiment')

# 1284 utterances are 40 updates of 32.
train_cfg = dict(max_epochs=20)
param_scheduler = dict(period=20)

default_hooks = dict(
    checkpoint=dict(save_best='sentiment/MAE', rule='less'))
