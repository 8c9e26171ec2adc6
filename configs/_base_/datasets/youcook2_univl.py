# YouCook2 for UniVL's retrieval at full size; docs/data/youcook2.md tells
# where the files come from.
#
# data/youcook2/
#   youcookii_train.csv, youcookii_val.csv   lists of videos
#   youcookii_data.no_transcript.pickle      times and captions of the clips
#   youcookii_videos_features.pickle         {video: (seconds, 1024)}
_base_ = ['./univl.py']

data_root = 'data/youcook2'
# Or the .npy that tools/data/convert_features.py makes of it.
feature_file = f'{data_root}/youcookii_videos_features.pickle'

test_pipeline = [
    dict(_base_.read_video, feature_file=feature_file),
    _base_.read_text,
    _base_.pack,
]
train_pipeline = [
    *test_pipeline[:-1],
    *_base_.mask,
    _base_.read_caption,
    _base_.pack,
]

dataset = dict(
    type='YouCook2Dataset',
    data_root=data_root,
    data_file='youcookii_data.no_transcript.pickle')
train_dataloader = dict(
    # UniVL's README trains on 32 in all: 4 processes of 8.
    batch_size=8,
    dataset=dict(
        **dataset, ann_file='youcookii_train.csv', pipeline=train_pipeline))
# The validation clips are what everybody tests on: the captions of the test
# split were never published.
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='youcookii_val.csv',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
