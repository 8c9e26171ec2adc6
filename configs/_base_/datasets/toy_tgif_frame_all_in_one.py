# The toy world in the files of TGIF-QA's FrameQA, for a small All-in-one.
#
# 4887 / 737 questions about 2120 / 320 clips, 9 answers. Chance is 11.1 %, the
# most frequent answer is right for 17.1 % of the test questions. The ceiling
# is 100 %: every answer can be seen.
#
# Measured on 26 November 2026: 72.6 % of the test questions, after 5.5
# minutes on one core.
_base_ = ['./toy_tgif_all_in_one.py']

questions = dict(
    type='QALinesDataset', vocab_file='frameqa_trainval_ans2label.json')
# The longest question has 9 pieces with [CLS] and [SEP].
max_length = 9
tokenize = dict(_base_.tokenize, max_length=max_length)
train_pipeline = [
    *_base_.read_gif_train,
    tokenize,
    _base_.mask,
    _base_.pack_train,
]
test_pipeline = [*_base_.read_gif_test, tokenize, _base_.pack_test]

train_file = dict(**questions, ann_file='frameqa_train.jsonl')
# The base divides the training clips between the first three.
train_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=train_pipeline)))
meta_dataloader = train_dataloader
val_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        **questions, ann_file='frameqa_test.jsonl', pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
