# TGIF-QA's repeating actions for All-in-one at full size. For transitions a
# leaf replaces `action` by `transition` in the file names.
#
# data/tgif/
#   action_train.jsonl, action_test.jsonl  gif_name, question, options, answer
#   gifs/*.gif
#
# Sizes are those of the official `task_finetune_tgif_action_trans` config.
data_root = 'data/tgif'
clip_len = 3
max_length = 40
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='ChoiceLinesDataset',
    data_root=data_root,
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
meta_keys = ('img_shape', 'video_id', 'question', 'answer', 'question_id',
             'sample_idx')

# The official text of an option lists all five first, without spaces between
# the parts, and is often cut where they differ:
#   template='{question}Options: {options}Answer: {option}'
tokenize = dict(
    type='TokenizeOptions', tokenizer=tokenizer, max_length=max_length)
# GIFs keep their proportions. Decord cannot read them.
train_pipeline = [
    dict(type='PyAVInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len, random=True),
    dict(type='PyAVDecode'),
    dict(type='Resize', scale=(-1, 268)),
    dict(type='RandomCrop', size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    tokenize,
    dict(type='MaskTextAsBert', tokenizer=tokenizer),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask', 'masked_text_ids',
                        'mlm_labels', 'option_ids', 'option_mask'),
        meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='PyAVInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='PyAVDecode'),
    dict(type='Resize', scale=(-1, 268)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    tokenize,
    dict(
        type='PackActionInputs',
        algorithm_keys=('option_ids', 'option_mask'),
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
            **dataset, ann_file='action_train.jsonl',
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
            ann_file='action_train.jsonl',
            test_mode=True,
            pipeline=test_pipeline)))
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file='action_test.jsonl',
        test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
