# TGIF-QA's FrameQA for All-in-one at full size.
#
# data/tgif/
#   frameqa_train.jsonl, frameqa_test.jsonl  gif_name, question, answer
#   frameqa_trainval_ans2label.json          the 1540 answers
#   gifs/*.gif
_base_ = ['./tgif_all_in_one.py']

questions = dict(
    type='QALinesDataset', vocab_file='frameqa_trainval_ans2label.json')
train_pipeline = [
    *_base_.read_gif_train,
    _base_.tokenize,
    _base_.mask,
    _base_.pack_train,
]
test_pipeline = [*_base_.read_gif_test, _base_.tokenize, _base_.pack_test]

train_file = dict(**questions, ann_file='frameqa_train.jsonl')
# The base divides the training GIFs between training and validation.
train_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        **questions, ann_file='frameqa_test.jsonl', pipeline=test_pipeline))

# Officially questions with an unknown answer are left out: that is
# `qa/accuracy_known`; `qa/accuracy` is over all questions.
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
