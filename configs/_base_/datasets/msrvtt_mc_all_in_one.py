# MSRVTT multiple choice for All-in-one at full size: which of five captions
# belongs to a video. There is a test file only; the task is zero-shot, or
# follows training for retrieval.
#
# data/msrvtt/
#   msrvtt_mc_test.jsonl  clip_name, options (5), answer
#   videos/all/*.mp4
data_root = 'data/msrvtt'
clip_len = 3
max_length = 40
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

test_pipeline = [
    dict(type='DecordInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(512, 512), keep_ratio=False),
    dict(type='Resize', scale=(268, 268), keep_ratio=False),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='TokenizeOptions',
        tokenizer=tokenizer,
        max_length=max_length,
        template='{option}'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('option_ids', 'option_mask'),
        meta_keys=('img_shape', 'video_id', 'question', 'answer',
                   'question_id', 'sample_idx')),
]
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ChoiceLinesDataset',
        data_root=data_root,
        ann_file='msrvtt_mc_test.jsonl',
        video_key='clip_name',
        data_prefix=dict(video='videos/all'),
        test_mode=True,
        pipeline=test_pipeline))
test_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
