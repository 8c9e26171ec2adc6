# MSVD-QA for All-in-one at full size.
#
# data/msvd/
#   msvd_train.jsonl, msvd_val.jsonl, msvd_test.jsonl
#                             question, answer, video_id (a number)
#   msvd_answer_set.txt       the 1000 answers, one per line
#   msvd_youtube_mapping.txt  '<clip name> vid<number>'
#   videos/*.avi
_base_ = ['./all_in_one.py']

questions = dict(
    type='QALinesDataset',
    data_root='data/msvd',
    vocab_file='msvd_answer_set.txt',
    mapping_file='msvd_youtube_mapping.txt',
    video_suffix='.avi')
train_pipeline = [
    *_base_.read_train,
    _base_.tokenize,
    _base_.mask,
    _base_.pack_train,
]
test_pipeline = [*_base_.read_test, _base_.tokenize, _base_.pack_test]

train_dataloader = dict(
    dataset=dict(
        **questions, ann_file='msvd_train.jsonl', pipeline=train_pipeline))
test_dataset = dict(**questions, test_mode=True, pipeline=test_pipeline)
# Officially the test file serves for validation as well.
val_dataloader = dict(dataset=dict(**test_dataset, ann_file='msvd_val.jsonl'))
test_dataloader = dict(
    dataset=dict(**test_dataset, ann_file='msvd_test.jsonl'))

# Officially questions with an unknown answer are left out: that is
# `qa/accuracy_known`; `qa/accuracy` is over all questions.
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
