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
# As make_toyworld.py writes the codes.
clip_len = 2
# The longest question has 11 pieces with [CLS] and [SEP].
max_length = 12
# By what the evaluation groups the questions; the first match counts.
question_types = dict(
    count='how many|number of',
    direction='direction|where does',
    shape='what shape|which shape|thing',
    colour='colour')

read_frames = [
    dict(type='DecordInit'),
    dict(type='SampleFramesEvenly', clip_len=clip_len),
    dict(type='DecordDecode'),
]
questions = dict(
    type='MSVDQADataset',
    data_root=data_root,
    ann_file='txt_msvd-qa.json',
    question_types=question_types)

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
        vq_file=f'{data_root}/msvd_vq.pkl',
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
