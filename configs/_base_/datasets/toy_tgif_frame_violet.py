# The toy world in the files of TGIF-QA's FrameQA, for a small VIOLET.
#
# python tools/data/make_toyworld.py --out data/toy
#
# 4602 / 285 / 737 questions about colour, shape (type 'object') and number, 9
# answers. Chance is 11.1 %, the most frequent answer is right for 17.1 % of
# the test questions. The ceiling is 100 %: every answer can be seen.
# configs/toy/meltr_violet_tgif_frame.py: 58.5 % in the test, 6.7 minutes of
# training (26 November 2026, 1 core).
_base_ = ['./violet_toy.py']

data_root = 'data/toy/tgif_qa'
# As make_toyworld.py writes the codes.
clip_len = 2
max_length = 9

read_frames = [
    dict(type='PyAVInit'),
    dict(type='CountGIFFrames'),
    dict(type='SampleFramesEvenly', clip_len=clip_len),
    dict(type='PyAVDecode'),
]
questions = dict(
    type='TGIFFrameQADataset',
    data_root=data_root,
    data_prefix=dict(video='gifs'),
    ann_file='txt_tgif-frame.json')

load = [
    *read_frames,
    _base_.resize,
    dict(
        type='TokenizeText',
        tokenizer=_base_.tokenizer,
        max_length=max_length),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(
        type='LoadVQCodes',
        vq_file=f'{data_root}/tgif_vq.pkl',
        num_codes=_base_.num_codes),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

train_dataset = dict(**questions, split='train', pipeline=train_pipeline)
train_dataloader = dict(
    dataset=dict(type='SeededSplit', part='train', dataset=train_dataset))
meta_dataloader = dict(
    dataset=dict(type='SeededSplit', part='meta', dataset=train_dataset))
val_dataloader = dict(
    dataset=dict(
        **questions, split='val', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    dataset=dict(
        **questions, split='test', test_mode=True, pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
