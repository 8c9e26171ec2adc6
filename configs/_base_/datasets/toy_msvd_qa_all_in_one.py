# The toy world in the files of MSVD-QA, for a small All-in-one.
#
# 2541 / 159 / 414 questions about 1000 / 60 / 160 clips, 14 answers. Chance is
# 7.1 %, the most frequent answer is right for 17.1 % of the test questions.
# The ceiling is 100 %: every answer can be seen.
#
# Measured on 25 November 2026: 61.1 % of the test questions, after 4.5 minutes
# on one core.
_base_ = ['./all_in_one_toy.py']

questions = dict(
    type='QALinesDataset',
    data_root='data/toy/msvd_qa',
    vocab_file='msvd_answer_set.txt',
    mapping_file='msvd_youtube_mapping.txt')
# The longest question has 10 pieces with [CLS] and [SEP].
max_length = 10
tokenize = dict(_base_.tokenize, max_length=max_length)
train_pipeline = [*_base_.read_train, tokenize, _base_.mask, _base_.pack_train]
test_pipeline = [*_base_.read_test, tokenize, _base_.pack_test]

train_dataset = dict(
    **questions, ann_file='msvd_train.jsonl', pipeline=train_pipeline)
# The base divides the training clips between these two.
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
test_dataset = dict(**questions, test_mode=True, pipeline=test_pipeline)
val_dataloader = dict(dataset=dict(**test_dataset, ann_file='msvd_val.jsonl'))
test_dataloader = dict(
    dataset=dict(**test_dataset, ann_file='msvd_test.jsonl'))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
