# The toy world in the files of MSRVTT retrieval, for a small VIOLET.
#
# python tools/data/make_toyworld.py --out data/toy
#
# 2000 / 60 / 160 captions of 1000 / 60 / 160 clips: R@1 in the test is 0.6 %
# by chance. Some clips are described alike: 130 captions differ, so that the
# ceiling of R@1 is about 81 %. configs/toy/meltr_violet_msrvtt9k_retrieval.py:
# R@1/5/10 4.4/21.3/37.5 % in the test, 5.7 minutes of training (25 November
# 2026, 1 core).
_base_ = ['./violet_toy.py']

data_root = 'data/toy/msrvtt'
captions = dict(
    type='MSRVTTRetrievalDataset',
    data_root=data_root,
    ann_file='txt_msrvtt-retrieval.json')

load = [
    *_base_.read_video,
    _base_.resize,
    dict(_base_.tokenize, max_length=22, key='caption'),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(_base_.load_codes, vq_file=f'{data_root}/msrvtt_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# The base divides the training clips, and names the splits of the others.
train_dataset = dict(**captions, split='train', pipeline=train_pipeline)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
val_dataloader = dict(dataset=dict(**captions, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
