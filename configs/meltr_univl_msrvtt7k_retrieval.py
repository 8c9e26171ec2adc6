# UniVL + MELTR, text-to-video retrieval on MSRVTT, trained on 7k videos.
#
#   python tools/train.py configs/meltr_univl_msrvtt7k_retrieval.py
#   bash tools/dist_train.sh configs/meltr_univl_msrvtt7k_retrieval.py 8
#
# The second has the batch below, 8 processes of 16.
#
# Data: data/msrvtt/ (docs/data/msrvtt.md):
#   MSRVTT_data.json                 videos and their captions
#   MSRVTT_train.9k.csv              9k retrieval: training videos
#   MSRVTT_JSFUSION_test.csv         retrieval: 1000 test pairs
#   msrvtt_videos_features.pickle    {video: (seconds, 1024)}
# Weights: UniVL's pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: R@1 28.5, R@5 55.5, R@10 67.6, MedR 4. Hyper-parameters: lengths,
# batch (128 in all), rate (5e-5) and epochs (5) of UniVL's README; those of
# MELTR are the defaults of its code. Which ones made the paper's numbers is
# not known: MELTR's defaults are 1e-4, batch 128 and one epoch.
# A whole run: 5 epochs of 140,200 captions, 128 per update on 8 GPUs: 5,475
# updates, 548 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 11.6 GiB of tensors in an update of 16 per GPU, 14.4
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/univl.py']

data_root = '{{$MELTR_DATA:data}}/msrvtt'
feature_file = '${data_root}/msrvtt_videos_features.pickle'

train_set = dict(
    type='MSRVTTFeatureDataset',
    data_root='${data_root}',
    ann_file='MSRVTT_data.json',
    split='train_7k',
    pipeline=['${train_inputs}'])
# The test pairs are the only other ones of the 7k and 9k splits, and
# officially choose the checkpoint.
val_set = dict(
    train_set,
    split='test_1k',
    csv_file='MSRVTT_JSFUSION_test.csv',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set)
# UniVL's README and MELTR's code train on 128 in all: 8 processes of 16.
train_dataloader = dict(batch_size=16)
# A word is hidden from each text of two words or more, and from others by
# chance: the official rule.
train_inputs = dict(repeat_from=2)

optim_wrapper = dict(optimizer=dict(lr=5e-5))
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
