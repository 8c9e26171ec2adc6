# UniVL + MELTR, captioning on MSRVTT (the original split).
#
#   python tools/train.py configs/meltr_univl_msrvtt_captioning.py
#   bash tools/dist_train.sh configs/meltr_univl_msrvtt_captioning.py 8
#
# The second has the batch below, 8 processes of 16.
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
    '_base_/default_runtime.py', '_base_/models/univl_captioning.py',
    '_base_/datasets/msrvtt_captioning_univl.py',
    '_base_/schedules/aid_univl.py'
]

optim_wrapper = dict(optimizer=dict(lr=3e-5))

# A caption has as many tokens as a text.
model = dict(
    model=dict(task=dict(tokenizer=_base_.tokenizer, max_length=48)))

default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))
