# The toy world in the files of MSVD-QA, for a small VIOLET.
#
# python tools/data/make_toyworld.py --out data/toy
#
# 2866 / 188 / 518 questions about 1000 / 60 / 160 clips, 14 answers. Chance
# is 7.1 %, the most frequent answer is right for 18.5 % of the test questions;
# the evaluation prints both beside the accuracy. The ceiling is 100 %: every
# answer can be seen.
_base_ = ['./violet_toy.py']

data_root = 'data/toy/msvd_qa'
# By what the evaluation groups the questions; the first match counts.
question_types = dict(
    count='how many|number of',
    direction='direction|where does',
    shape='what shape|which shape|thing',
    colour='colour')
questions = dict(
    type='MSVDQADataset',
    data_root=data_root,
    ann_file='txt_msvd-qa.json',
    question_types=question_types)

load = [
    *_base_.read_video,
    _base_.resize,
    # The longest question has 11 pieces with [CLS] and [SEP].
    dict(_base_.tokenize, max_length=12),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(_base_.load_codes, vq_file=f'{data_root}/msvd_vq.pkl'),
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
