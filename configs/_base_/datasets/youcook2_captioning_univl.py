# YouCook2 for UniVL's captioning at full size: the text encoder reads the
# transcript. Files as in youcook2_univl.py; the transcripts of the published
# numbers are not public, and each is 'NONE' in the public pickle.
#
# 128 words and 96 frames are those of UniVL's README.
_base_ = ['./youcook2_univl.py']

read = [
    dict(
        _base_.read_video,
        feature_file=_base_.feature_file,
        max_frames=96),
    dict(_base_.read_text, max_length=128),
]
test_pipeline = [*read, _base_.read_references, _base_.pack]
train_pipeline = [
    *read,
    *_base_.mask,
    dict(_base_.read_caption, max_length=128),
    _base_.pack,
]

# 16 in all in UniVL's README: 4 processes of 4.
train_dataloader = dict(
    batch_size=4,
    dataset=dict(encoder_text='transcript', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(encoder_text='transcript', pipeline=test_pipeline))
test_dataloader = val_dataloader

# 'plain' splits at blanks, as the published evaluation does; 'ptb' is that of
# the COCO toolkit.
val_evaluator = dict(_delete_=True, type='CaptionMetric', tokenizer='plain')
test_evaluator = val_evaluator
