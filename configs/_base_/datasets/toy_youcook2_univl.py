# The toy world in the files of YouCook2, for a small UniVL: retrieval.
#
# python tools/data/make_toyworld.py --out data/toy --data youcook2
#
# 1000 / 60 / 160 clips with one caption each. Chance of R@1 is 0.6 % on the
# test clips, the ceiling 67 %: what the caption says fits several clips.
# Reached: 21.2 % (R@5 58.1, R@10 81.9), trained in 4.0 minutes on one core of
# an AMD EPYC, 2026-11-25.
_base_ = ['./univl_toy.py']

data_root = 'data/toy/youcook2'
data_file = 'youcookii_data.transcript.pickle'
# The encoder reads the caption; for captioning the transcript.
encoder_text = 'caption'

read_video = dict(
    _base_.read_video,
    feature_file=f'{data_root}/youcookii_videos_features.pickle')
train_pipeline = [
    read_video, _base_.read_text, *_base_.mask, _base_.read_caption,
    _base_.pack
]
test_pipeline = [read_video, _base_.read_text, _base_.pack]

dataset = dict(
    type='YouCook2Dataset',
    data_root=data_root,
    data_file=data_file,
    encoder_text=encoder_text)
train_dataset = dict(
    **dataset, ann_file='youcookii_train.csv', pipeline=train_pipeline)
# The base divides the training clips between these two.
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
test_dataset = dict(**dataset, test_mode=True, pipeline=test_pipeline)
val_dataloader = dict(
    dataset=dict(**test_dataset, ann_file='youcookii_val.csv'))
test_dataloader = dict(
    dataset=dict(**test_dataset, ann_file='youcookii_test.csv'))

val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
