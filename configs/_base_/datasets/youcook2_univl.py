# YouCook2 for UniVL's retrieval at full size; docs/data/youcook2.md tells
# where the files come from.
#
# data/youcook2/
#   youcookii_train.csv, youcookii_val.csv   lists of videos
#   youcookii_data.no_transcript.pickle      times and captions of the clips
#   youcookii_videos_features.pickle         {video: (seconds, 1024)}
#
# 48 words and 48 frames are those of UniVL's README; MELTR's code has 20 and
# 100 as defaults and does not say what its numbers were made with.
data_root = 'data/youcook2'
# Or the .npy that tools/data/convert_features.py makes of it.
feature_file = f'{data_root}/youcookii_videos_features.pickle'
max_frames = 48
max_length = 48
# A hub name or the directory of a copy of it.
tokenizer = 'bert-base-uncased'

dataset = dict(
    type='YouCook2Dataset',
    data_root=data_root,
    data_file='youcookii_data.no_transcript.pickle')

# What is hidden from the masked losses; 0.15 is the official default.
mask = [
    dict(type='MaskWords', tokenizer=tokenizer, probability=0.15),
    dict(type='MaskFrames', probability=0.15),
]
inputs = ('text_ids', 'text_mask', 'video_mask')
meta_keys = ('video_id', 'clip', 'references', 'video_index', 'sample_idx')
pack_train = dict(
    type='PackActionInputs',
    algorithm_keys=(*inputs, 'masked_text_ids', 'mlm_labels', 'mfm_labels',
                    'caption_ids', 'caption_labels', 'caption_mask'),
    meta_keys=meta_keys)
pack_test = dict(
    type='PackActionInputs', algorithm_keys=inputs, meta_keys=meta_keys)

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
    pack_test,
]
train_pipeline = [
    *test_pipeline[:-1],
    *mask,
    dict(type='TokenizeCaption', tokenizer=tokenizer, max_length=max_length),
    pack_train,
]

train_dataloader = dict(
    # UniVL's README trains on 32 in all: 4 processes of 8.
    batch_size=8,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same masks
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        **dataset, ann_file='youcookii_train.csv', pipeline=train_pipeline))
# The validation clips are what everybody tests on: the captions of the test
# split were never published.
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file='youcookii_val.csv',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
