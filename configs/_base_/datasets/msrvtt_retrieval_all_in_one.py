# Text-to-video retrieval on MSRVTT for All-in-one at full size.
#
# data/msrvtt/
#   MSR_VTT.json                 all captions
#   train_list_7k.txt, train_list_9k.txt, val_list_jsfusion.txt
#   jsfusion_val_caption_idx.pkl the caption of each of the 1000 test videos
#   videos/*.mp4
#
# Sizes are those of the official `msrvtt_retrieval_MELTR` config. A leaf
# chooses the training list.
data_root = 'data/msrvtt'
clip_len = 3
max_length = 40
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='MSRVTTListDataset', data_root=data_root, ann_file='MSR_VTT.json')
meta_keys = ('img_shape', 'video_id', 'caption', 'sample_idx')

# The official order of resizes: stretched twice, then cropped. No flip and
# no colour changes.
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
    dict(type='PickCaption'),
    dict(
        type='TokenizeText',
        tokenizer=tokenizer,
        max_length=max_length,
        key='caption'),
    dict(type='MaskTextAsBert', tokenizer=tokenizer),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask', 'masked_text_ids',
                        'mlm_labels'),
        meta_keys=meta_keys),
]
# The official evaluation averages 3 random clips:
#   dict(type='SampleFramesBySegment', clip_len=clip_len, random=True,
#        num_clips=3)
test_pipeline = [
    dict(type='DecordInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='DecordDecode'),
    *resize,
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PickCaption', random=False),
    dict(
        type='TokenizeText',
        tokenizer=tokenizer,
        max_length=max_length,
        key='caption'),
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
        **dataset, list_file='train_list_7k.txt', pipeline=train_pipeline))
# The test set is the only other one that the files define, and officially
# chooses the checkpoint.
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        list_file='val_list_jsfusion.txt',
        caption_index_file='jsfusion_val_caption_idx.pkl',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

# Text to video is `t2i`, video to text `i2t`.
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
