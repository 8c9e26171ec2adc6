# UniVL + MELTR, text-to-video retrieval on YouCook2.
#
#   python tools/train.py configs/meltr_univl_youcook2_retrieval.py
#   bash tools/dist_train.sh configs/meltr_univl_youcook2_retrieval.py 4
#
# The second has the batch below, 4 processes of 8.
#
# Data: data/youcook2/ (docs/data/youcook2.md):
#   youcookii_train.csv, youcookii_val.csv   lists of videos
#   youcookii_data.no_transcript.pickle      times and captions of the clips
#   youcookii_videos_features.pickle         {video: (seconds, 1024)}
# Weights: UniVL's pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: R@1 33.7, R@5 63.1, R@10 74.8, MedR 3. Hyper-parameters: lengths,
# batch (32 in all), rate (3e-5) and epochs (5) of UniVL's README; those of
# MELTR are the defaults of its code. Which ones made the paper's numbers is
# not known: MELTR's defaults are 1e-4, batch 128 and one epoch.
# A whole run: 5 epochs of some 10,330 clips (docs/data/youcook2.md), 32 per
# update on 4 GPUs: 1,610 updates, 161 meta steps. What differs from the
# published recipe: configs/official.
# Memory (docs/costs.md): 5.43 GiB of tensors in an update of 8 per GPU, 7.58
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/univl.py']

data_root = '{{$MELTR_DATA:data}}/youcook2'
feature_file = '${data_root}/youcookii_videos_features.pickle'

train_set = dict(
    type='YouCook2Dataset',
    data_root='${data_root}',
    ann_file='youcookii_train.csv',
    data_file='youcookii_data.no_transcript.pickle',
    pipeline=['${train_inputs}'])
# The validation clips are what everybody tests on: the captions of the test
# split were never published.
val_set = dict(
    train_set,
    ann_file='youcookii_val.csv',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set)
# UniVL's README trains on 32 in all: 4 processes of 8.
train_dataloader = dict(batch_size=8)

optim_wrapper = dict(optimizer=dict(lr=3e-5))
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
