# MSVD-QA for VIOLET at full size.
#
# data/msvd/
#   txt_msvd-qa.json   annotations and the 1000 answers, VIOLET's form
#   img_msvd.pkl       {clip: [5 JPEGs, base64]}
#   msvd_vq.pkl        {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   videos/*.avi       only for reading frames from the videos, see below
#
# Sizes are those of the official code: violet/args/args_msvd-qaoe.json for
# size_img 224, size_txt 25, size_batch 5 per GPU, size_vocab 1000; VIOLET's
# README for 5 frames.
data_root = 'data/msvd'
clip_len = 5
img_size = 224
max_length = 25
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset_type = 'MSVDQADataset'
ann_file = 'txt_msvd-qa.json'

# To read the videos instead of the extracted frames, which gives the same
# frames but for the JPEG compression, replace `read_frames` by
#   read_frames = [
#       dict(type='DecordInit'),
#       dict(type='SampleFramesEvenly', clip_len=clip_len),
#       dict(type='DecordDecode'),
#   ]
# and in each dataset set
#   data_prefix=dict(video='videos'), video_suffix='.avi'
read_frames = [
    dict(
        type='DecodeJPEGFrames',
        img_file=f'{data_root}/img_msvd.pkl',
        clip_len=clip_len),
]
meta_keys = ('img_shape', 'video_id', 'question', 'answer', 'question_id',
             'question_type', 'sample_idx')

# No augmentation, in training either: that is the official recipe.
train_pipeline = [
    *read_frames,
    dict(type='PadToSquareResize', size=img_size),
    dict(type='TokenizeText', tokenizer=tokenizer, max_length=max_length),
    dict(type='MaskText'),
    dict(type='LoadVQCodes', vq_file=f'{data_root}/msvd_vq.pkl'),
    dict(type='MaskVideoBlocks'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask', 'masked_text_ids',
                        'mtm_labels', 'patch_mask', 'mvm_labels'),
        meta_keys=meta_keys),
]
test_pipeline = [
    *read_frames,
    dict(type='PadToSquareResize', size=img_size),
    dict(type='TokenizeText', tokenizer=tokenizer, max_length=max_length),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask'),
        meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=5,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same masks
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='train',
        data_prefix=None,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=5,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='val',
        data_prefix=None,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=5,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='test',
        data_prefix=None,
        test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
