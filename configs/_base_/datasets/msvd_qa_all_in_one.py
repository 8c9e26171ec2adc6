# MSVD-QA for All-in-one at full size.
#
# data/msvd/
#   msvd_train.jsonl, msvd_val.jsonl, msvd_test.jsonl
#                             question, answer, video_id (a number)
#   msvd_answer_set.txt       the 1000 answers, one per line
#   msvd_youtube_mapping.txt  '<clip name> vid<number>'
#   videos/*.avi
#
# Sizes are those of the official `task_finetune_msvdqa` config.
data_root = 'data/msvd'
clip_len = 3
max_length = 40
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='QALinesDataset',
    data_root=data_root,
    vocab_file='msvd_answer_set.txt',
    mapping_file='msvd_youtube_mapping.txt',
    video_suffix='.avi')
meta_keys = ('img_shape', 'video_id', 'question', 'answer', 'question_id',
             'question_type', 'sample_idx')

resize = [
    dict(type='Resize', scale=(512, 512), keep_ratio=False),
    dict(type='Resize', scale=(268, 268), keep_ratio=False),
]
train_pipeline = [
    dict(type='DecordInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len, random=True),
    dict(type='DecordDecode'),
    *resize,
    dict(type='RandomCrop', size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='TokenizeText', tokenizer=tokenizer, max_length=max_length),
    dict(type='MaskTextAsBert', tokenizer=tokenizer),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask', 'masked_text_ids',
                        'mlm_labels'),
        meta_keys=meta_keys),
]
# Officially frames are random here, too: `random=True`.
test_pipeline = [
    dict(type='DecordInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='DecordDecode'),
    *resize,
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='TokenizeText', tokenizer=tokenizer, max_length=max_length),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask'),
        meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same frames
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        **dataset, ann_file='msvd_train.jsonl', pipeline=train_pipeline))
# Officially the test file serves for validation as well.
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file='msvd_val.jsonl',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file='msvd_test.jsonl',
        test_mode=True,
        pipeline=test_pipeline))

# Officially questions with an unknown answer are left out:
# `ignore_unknown=True`.
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
