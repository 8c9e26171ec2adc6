# MSRVTT for UniVL's captioning at full size (the original split): the text
# encoder reads the transcript. Files as in msrvtt_univl.py, without the csv
# files.
_base_ = ['./msrvtt_univl.py']

# Trained on the original training and validation videos, 7010 in all.
train_dataloader = dict(dataset=dict(encoder_text='transcript'))
# All captions of a video are references. The released code compares with its
# first one only (references='first').
val_dataloader = dict(
    dataset=dict(
        split='test_full',
        csv_file=None,
        encoder_text='transcript',
        pipeline=[
            *_base_.test_pipeline[:-1], _base_.read_references, _base_.pack
        ]))
test_dataloader = val_dataloader

# 'plain' splits at blanks, as the published evaluation does; 'ptb' is that of
# the COCO toolkit.
val_evaluator = dict(_delete_=True, type='CaptionMetric', tokenizer='plain')
test_evaluator = val_evaluator
