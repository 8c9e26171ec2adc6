# MSRVTT for UniVL at full size; docs/data/msrvtt.md tells where the files
# come from. A leaf chooses the splits.
#
# data/msrvtt/
#   MSRVTT_data.json                 videos and their captions
#   MSRVTT_train.9k.csv              9k retrieval: training videos
#   MSRVTT_JSFUSION_test.csv         retrieval: 1000 test pairs
#   msrvtt_videos_features.pickle    {video: (seconds, 1024)}
#
# 48 words and 48 frames are those of UniVL's README, for retrieval and for
# captioning; MELTR's code has 20 and 100 as defaults and does not say what
# its numbers were made with.
data_root = 'data/msrvtt'
# Or the .npy that tools/data/convert_features.py makes of it.
feature_file = f'{data_root}/msrvtt_videos_features.pickle'
max_frames = 48
max_length = 48
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='MSRVTTFeatureDataset',
    data_root=data_root,
    ann_file='MSRVTT_data.json')

inputs = ('text_ids', 'text_mask', 'video_mask')
meta_keys = ('video_id', 'references', 'video_index', 'sample_idx')

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
train_pipeline = [
    *test_pipeline[:-1],
    # A word is hidden from each text of two words or more, and from others
    # by chance: the official rule. 0.15 is the official default.
    dict(
        type='MaskWords',
        tokenizer=tokenizer,
        probability=0.15,
        repeat_from=2),
    dict(type='MaskFrames', probability=0.15),
    dict(type='TokenizeCaption', tokenizer=tokenizer, max_length=max_length),
    dict(
        type='PackActionInputs',
        algorithm_keys=(*inputs, 'masked_text_ids', 'mlm_labels',
                        'mfm_labels', 'caption_ids', 'caption_labels',
                        'caption_mask'),
        meta_keys=meta_keys),
]

train_dataloader = dict(
    # UniVL's README and MELTR's code train on 128 in all: 8 processes of 16.
    batch_size=16,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same masks
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**dataset, split='train_7k', pipeline=train_pipeline))
# The test pairs are the only other ones of the 7k and 9k splits, and
# officially choose the checkpoint.
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        split='test_1k',
        csv_file='MSRVTT_JSFUSION_test.csv',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
