# The toy world in the files of UniVL's MSRVTT, for a small UniVL: retrieval,
# 7k split.
#
# python tools/data/make_toyworld.py --out data/toy --data msrvtt_feature
#
# 778 training videos with 3 captions each (9k: 1000); 60 and 160 pairs to
# rank. Chance of R@1 is 0.6 % on the test pairs, the ceiling 67 %: what the
# caption says fits several videos. A leaf for 9k sets the split.
# Reached: 28.7 % with 7k (R@5 71.2, R@10 88.8), trained in 2.3 minutes on one
# core of an AMD EPYC, and 25.0 % with 9k (R@5 72.5, R@10 88.8), in 3.6
# minutes, 2026-11-25.
_base_ = ['./univl_toy.py']

data_root = 'data/toy/msrvtt_feature'

read_video = dict(
    _base_.read_video,
    feature_file=f'{data_root}/msrvtt_videos_features.pickle')
train_pipeline = [
    read_video, _base_.read_text, *_base_.mask, _base_.read_caption,
    _base_.pack
]
test_pipeline = [read_video, _base_.read_text, _base_.pack]

dataset = dict(
    type='MSRVTTFeatureDataset',
    data_root=data_root,
    ann_file='MSRVTT_data.json')
train_dataset = dict(**dataset, split='train_7k', pipeline=train_pipeline)
# The base divides the training clips between these two.
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
test_dataset = dict(
    **dataset, split='test_1k', test_mode=True, pipeline=test_pipeline)
val_dataloader = dict(
    dataset=dict(**test_dataset, csv_file='MSRVTT_val.csv'))
test_dataloader = dict(
    dataset=dict(**test_dataset, csv_file='MSRVTT_JSFUSION_test.csv'))

val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
