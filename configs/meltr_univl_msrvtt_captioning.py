# UniVL + MELTR, captioning on MSRVTT (the original split).
#
#   python tools/train.py configs/meltr_univl_msrvtt_captioning.py
#   bash tools/dist_train.sh configs/meltr_univl_msrvtt_captioning.py 8
#
# The second has the batch below, 8 processes of 16.
#
# Data: data/msrvtt/ (docs/data/msrvtt.md), without the csv files. The text
# encoder reads the transcript. Weights:
# UniVL's pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: BLEU-4 44.17, METEOR 29.26, ROUGE-L 62.35, CIDEr 52.77, with
# transcripts of the authors (MSRVTT_transcript_data_v2.json), which take the
# place of MSRVTT_data.json as `ann_file`. Hyper-parameters: lengths, batch
# (128 in all), rate (3e-5) and epochs (5) of UniVL's README; those of MELTR
# are the defaults of its code.
# A whole run: 5 epochs of 140,200 captions, 128 per update on 8 GPUs: 5,475
# updates, 548 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 4.88 GiB of tensors in an update of 16 per GPU, 7.15
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/univl.py']

data_root = '{{$MELTR_DATA:data}}/msrvtt'
feature_file = '${data_root}/msrvtt_videos_features.pickle'
# Captions are compared word by word, in the model's spelling. Officially they
# are also cut to the longest caption: reference_length='${max_length}'.
test_inputs = dict(references=True)
# UniVL's README and MELTR's code train on 128 in all: 8 processes of 16.
train_dataloader = dict(batch_size=16)
# A word is hidden from each text of two words or more, and from others by
# chance: the official rule.
train_inputs = dict(repeat_from=2)

# Trained on the original training and validation videos, 7010 in all.
train_set = dict(
    type='MSRVTTFeatureDataset',
    data_root='${data_root}',
    ann_file='MSRVTT_data.json',
    split='train_7k',
    encoder_text='transcript',
    pipeline=['${train_inputs}'])
# All captions of a video are references. The released code compares with its
# first one only (references='first').
val_set = dict(
    train_set,
    split='test_full',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set)

# The public files have no transcripts, so that all texts are the same: what
# compares or hides texts would cost B x B passes and teach nothing. With
# transcripts, name all eight losses of the base.
#
# Beam 5 is the official constant. stopping='official' searches as the released
# code does.
model = dict(
    model=dict(
        task=dict(
            _delete_=True,
            type='UniVLCaptioning',
            tokenizer='${tokenizer}',
            max_length='${max_length}',
            beam_size=5)),
    losses=['loss_mfm', 'loss_decoder', 'loss_m_decoder'],
    primary='loss_decoder')

optim_wrapper = dict(optimizer=dict(lr=3e-5))
# 'plain' splits at blanks, as the published evaluation does; 'ptb' is that of
# the COCO toolkit.
val_evaluator = dict(type='CaptionMetric', tokenizer='plain')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))
