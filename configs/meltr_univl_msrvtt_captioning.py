# UniVL + MELTR, captioning on MSRVTT (the original split).
#
#   python tools/train.py configs/meltr_univl_msrvtt_captioning.py
#
# Data: data/msrvtt/ (docs/data/msrvtt.md), without the csv files. Weights:
# UniVL's pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: BLEU-4 44.17, METEOR 29.26, ROUGE-L 62.35, CIDEr 52.77, with
# transcripts of the authors (MSRVTT_transcript_data_v2.json), which take the
# place of MSRVTT_data.json as `ann_file`. Hyper-parameters: lengths, batch
# (128 in all), rate (3e-5) and epochs (5) of UniVL's README; those of MELTR
# are the defaults of its code.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/univl.py',
    '_base_/datasets/msrvtt_univl.py', '_base_/schedules/aid_univl.py'
]

optim_wrapper = dict(optimizer=dict(lr=3e-5))

# Trained on the original training and validation videos, 7010 in all.
train_dataloader = dict(dataset=dict(encoder_text='transcript'))
# All captions of a video are references. The released code compares with its
# first one only (references='first').
val_dataloader = dict(
    dataset=dict(
        split='test_full', csv_file=None, encoder_text='transcript'))
test_dataloader = val_dataloader

# Beam 5 is the official constant; a caption has as many tokens as a text.
# stopping='official' searches as the released code does.
model = dict(
    model=dict(
        task=dict(
            type='UniVLCaptioning',
            tokenizer=_base_.tokenizer,
            beam_size=5,
            max_length=48)),
    primary='loss_decoder')

# 'plain' splits at spaces, as the published evaluation does; 'ptb' is that of
# the COCO toolkit.
val_evaluator = dict(type='CaptionMetric', tokenizer='plain')
test_evaluator = val_evaluator

default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))
