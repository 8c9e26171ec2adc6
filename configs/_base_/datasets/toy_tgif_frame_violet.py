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
questions = dict(
    type='TGIFFrameQADataset',
    data_root=data_root,
    data_prefix=dict(video='gifs'),
    ann_file='txt_tgif-frame.json')

load = [
    *_base_.read_gif,
    _base_.resize,
    dict(_base_.tokenize, max_length=9),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(_base_.load_codes, vq_file=f'{data_root}/tgif_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# The base divides the training clips, and names the splits of the others.
train_dataset = dict(**questions, split='train', pipeline=train_pipeline)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
val_dataloader = dict(dataset=dict(**questions, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
