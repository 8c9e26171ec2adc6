# CMU-MOSI for UniVL at full size; docs/data/cmu_mosi.md tells where the
# files come from.
#
# data/cmu_mosi/
#   unaligned_50.pkl            ids, transcripts and ratings, MMSA's form
#   mosi_s3d_features.pickle      {id: (seconds, 1024)}: extracted by yourself
#
# No released code says how UniVL was trained on it. 50 words are MMSA's text
# length; 50 frames, one per second, are more than almost all utterances have.
# What is masked is what UniVL masks in its other data sets.
_base_ = ['./univl.py']

data_root = 'data/cmu_mosi'
# Or the .npy that tools/data/convert_features.py makes of it.
feature_file = f'{data_root}/mosi_s3d_features.pickle'

test_pipeline = [
    dict(_base_.read_video, feature_file=feature_file, max_frames=50),
    dict(_base_.read_text, max_length=50),
    _base_.pack,
]
train_pipeline = [*test_pipeline[:-1], *_base_.mask, _base_.pack]

dataset = dict(
    type='CMUMOSIDataset', data_root=data_root, ann_file='unaligned_50.pkl')
train_dataloader = dict(
    batch_size=32,
    dataset=dict(**dataset, split='train', pipeline=train_pipeline))
test_dataset = dict(**dataset, test_mode=True, pipeline=test_pipeline)
val_dataloader = dict(dataset=dict(**test_dataset, split='valid'))
test_dataloader = dict(dataset=dict(**test_dataset, split='test'))

val_evaluator = dict(type='SentimentMetric')
test_evaluator = val_evaluator
