# CMU-MOSI for UniVL at full size; docs/data/cmu_mosi.md tells where the
# files come from.
#
# data/cmu_mosi/
#   unaligned_50.pkl            ids, transcripts and ratings, MMSA's form
#   mosi_s3d_features.pickle      {id: (seconds, 1024)}: extracted by yourself
#
# No released code says how UniVL was trained on it. 50 words are MMSA's text
# length; 50 frames, one per second, are more than almost all utterances have.
data_root = 'data/cmu_mosi'
# Or the .npy that tools/data/convert_features.py makes of it.
feature_file = f'{data_root}/mosi_s3d_features.pickle'
max_frames = 50
max_length = 50
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='CMUMOSIDataset', data_root=data_root, ann_file='unaligned_50.pkl')

inputs = ('text_ids', 'text_mask', 'video_mask', 'sentiment')
meta_keys = ('video_id', 'sample_idx')

test_pipeline = [
    dict(
        type='LoadVideoFeatures',
        feature_file=feature_file,
        max_frames=max_frames),
    dict(
        type='TokenizeText',
        tokenizer=tokenizer,
        max_length=max_length,
        key='text'),
    dict(
        type='PackActionInputs', algorithm_keys=inputs, meta_keys=meta_keys),
]
# 0.15 is what UniVL hides in its other data sets.
train_pipeline = [
    *test_pipeline[:-1],
    dict(type='MaskWords', tokenizer=tokenizer, probability=0.15),
    dict(type='MaskFrames', probability=0.15),
    dict(
        type='PackActionInputs',
        algorithm_keys=(*inputs, 'masked_text_ids', 'mlm_labels',
                        'mfm_labels'),
        meta_keys=meta_keys),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same masks
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset, split='valid', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset, split='test', test_mode=True, pipeline=test_pipeline))
