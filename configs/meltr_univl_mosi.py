# UniVL + MELTR, multimodal sentiment on CMU-MOSI. THE DESIGN IS INFERRED.
#
#   python tools/train.py configs/meltr_univl_mosi.py
#
# Neither UniVL nor MELTR released code or features for this task. Head,
# losses beside the target's, lengths, batch, rate and epochs are our choice,
# and nothing is known about how far they are from what was published.
#
# Data: data/cmu_mosi/ (docs/data/cmu_mosi.md):
#   unaligned_50.pkl            ids, transcripts and ratings, MMSA's form
#   mosi_s3d_features.pickle    {id: (seconds, 1024)}: extracted by yourself
# Weights: UniVL's pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: Acc-2 85.3, F1 85.4, Corr 0.789, MAE 0.759; by all evidence
# those without the utterances rated 0 (Acc-2_non0, F1_non0).
# A whole run: 20 epochs of 1,284 utterances, 32 per update: 800 updates, 80
# meta steps. What differs from the published recipe: configs/official.
# Memory (docs/costs.md): 20.6 GiB of tensors in an update of 32 per GPU, 24.3
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/univl.py']

data_root = '{{$MELTR_DATA:data}}/cmu_mosi'
feature_file = '${data_root}/mosi_s3d_features.pickle'
# 50 words are MMSA's text length; 50 frames, one per second, are more than
# almost all utterances have.
max_length = 50
max_frames = 50
# What is masked is what UniVL masks in its other data sets. There are no
# captions, hence no input and no losses of the decoder.
train_inputs = dict(decoder=False)

train_set = dict(
    type='CMUMOSIDataset',
    data_root='${data_root}',
    ann_file='unaligned_50.pkl',
    split='train',
    pipeline=['${train_inputs}'])
val_set = dict(
    train_set, split='valid', test_mode=True, pipeline=['${test_inputs}'])
test_set = dict(val_set, split='test')
# 1284 utterances are 40 updates of 32.
train_dataloader = dict(batch_size=32)

model = dict(
    model=dict(task=dict(_delete_=True, type='UniVLSentiment', dropout=0.1)),
    losses=[
        'loss_sentiment', 'loss_joint', 'loss_alignment', 'loss_mlm',
        'loss_mfm'
    ],
    primary='loss_sentiment')

optim_wrapper = dict(optimizer=dict(lr=3e-5))
train_cfg = dict(max_epochs=20)
val_evaluator = dict(type='SentimentMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='sentiment/MAE', rule='less'))
