# MSRVTT for UniVL's retrieval at full size, trained on 7k videos;
# docs/data/msrvtt.md tells where the files come from.
#
# data/msrvtt/
#   MSRVTT_data.json                 videos and their captions
#   MSRVTT_train.9k.csv              9k retrieval: training videos
#   MSRVTT_JSFUSION_test.csv         retrieval: 1000 test pairs
#   msrvtt_videos_features.pickle    {video: (seconds, 1024)}
_base_ = ['./univl.py']

data_root = 'data/msrvtt'
# Or the .npy that tools/data/convert_features.py makes of it.
feature_file = f'{data_root}/msrvtt_videos_features.pickle'

test_pipeline = [
    dict(_base_.read_video, feature_file=feature_file),
    _base_.read_text,
    _base_.pack,
]
mask_words, mask_frames = _base_.mask
train_pipeline = [
    *test_pipeline[:-1],
    # A word is hidden from each text of two words or more, and from others
    # by chance: the official rule.
    dict(**mask_words, repeat_from=2),
    mask_frames,
    _base_.read_caption,
    _base_.pack,
]

dataset = dict(
    type='MSRVTTFeatureDataset',
    data_root=data_root,
    ann_file='MSRVTT_data.json')
train_dataloader = dict(
    # UniVL's README and MELTR's code train on 128 in all: 8 processes of 16.
    batch_size=16,
    dataset=dict(**dataset, split='train_7k', pipeline=train_pipeline))
# The test pairs are the only other ones of the 7k and 9k splits, and
# officially choose the checkpoint.
val_dataloader = dict(
    dataset=dict(
        **dataset,
        split='test_1k',
        csv_file='MSRVTT_JSFUSION_test.csv',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
