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
# As make_toyworld.py writes the codes.
clip_len = 2
max_length = 22

read_frames = [
    dict(type='DecordInit'),
    dict(type='SampleFramesEvenly', clip_len=clip_len),
    dict(type='DecordDecode'),
]
captions = dict(
    type='MSRVTTRetrievalDataset',
    data_root=data_root,
    ann_file='txt_msrvtt-retrieval.json')

load = [
    *read_frames,
    _base_.resize,
    dict(
        type='TokenizeText',
        tokenizer=_base_.tokenizer,
        max_length=max_length,
        key='caption'),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(
        type='LoadVQCodes',
        vq_file=f'{data_root}/msrvtt_vq.pkl',
        num_codes=_base_.num_codes),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

train_dataset = dict(**captions, split='train', pipeline=train_pipeline)
train_dataloader = dict(
    dataset=dict(type='SeededSplit', part='train', dataset=train_dataset))
meta_dataloader = dict(
    dataset=dict(type='SeededSplit', part='meta', dataset=train_dataset))
val_dataloader = dict(
    dataset=dict(
        **captions, split='val', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    dataset=dict(
        **captions, split='test', test_mode=True, pipeline=test_pipeline))

val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
