# TGIF-QA's FrameQA for All-in-one at full size.
#
# data/tgif/
#   frameqa_train.jsonl, frameqa_test.jsonl  gif_name, question, answer
#   frameqa_trainval_ans2label.json          the 1540 answers
#   gifs/*.gif
#
# Sizes are those of the official `task_finetune_tgifqa` config.
data_root = 'data/tgif'
clip_len = 3
max_length = 40
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='QALinesDataset',
    data_root=data_root,
    vocab_file='frameqa_trainval_ans2label.json',
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
meta_keys = ('img_shape', 'video_id', 'question', 'answer', 'question_id',
             'question_type', 'sample_idx')

# GIFs keep their proportions. Decord cannot read them.
train_pipeline = [
    dict(type='PyAVInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len, random=True),
    dict(type='PyAVDecode'),
    dict(type='Resize', scale=(-1, 268)),
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
test_pipeline = [
    dict(type='PyAVInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='PyAVDecode'),
    dict(type='Resize', scale=(-1, 268)),
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
        type='SeededSplit',
        part='train',
        dataset=dict(
            **dataset,
            ann_file='frameqa_train.jsonl',
            pipeline=train_pipeline)))
# There is no validation file, so a tenth of the training GIFs is kept out.
# Officially the test file serves for validation.
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='SeededSplit',
        part='meta',
        dataset=dict(
            **dataset,
            ann_file='frameqa_train.jsonl',
            test_mode=True,
            pipeline=test_pipeline)))
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file='frameqa_test.jsonl',
        test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
