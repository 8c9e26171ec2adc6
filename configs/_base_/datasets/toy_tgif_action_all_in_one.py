# The toy world in the files of TGIF-QA's repeating actions, for a small
# All-in-one.
#
# 1060 / 160 questions, one per clip. The five acts are the options of each:
# chance is 20 %, always the same act is right for 22.5 % of the test. The
# ceiling is 100 %: every act can be seen.
#
# Measured on 26 November 2026: 71.2 % of the test, after 9 minutes on one
# core.
_base_ = ['./toy_tgif_all_in_one.py']

questions = dict(type='ChoiceLinesDataset')
# Every text has 12 pieces with [CLS] and [SEP].
max_length = 12
tokenize = dict(_base_.tokenize_options, max_length=max_length)
# The act is one word of a dozen, and so hidden often enough.
mask = dict(_base_.mask, probability=0.3)
train_pipeline = [
    *_base_.read_gif_train,
    tokenize,
    mask,
    _base_.pack_options_train,
]
test_pipeline = [*_base_.read_gif_test, tokenize, _base_.pack_options_test]

train_file = dict(**questions, ann_file='action_train.jsonl')
# The base divides the training clips between the first three.
train_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=train_pipeline)))
meta_dataloader = train_dataloader
val_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        **questions, ann_file='action_test.jsonl', pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
