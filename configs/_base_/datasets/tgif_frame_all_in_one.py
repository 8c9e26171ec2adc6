# TGIF-QA's FrameQA for All-in-one at full size.
#
# data/tgif/
#   frameqa_train.jsonl, frameqa_test.jsonl  gif_name, question, answer
#   frameqa_trainval_ans2label.json          the 1540 answers
#   gifs/*.gif
_base_ = ['./all_in_one.py']

questions = dict(
    type='QALinesDataset',
    data_root='data/tgif',
    vocab_file='frameqa_trainval_ans2label.json',
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
tokenize = dict(
    type='TokenizeText',
    tokenizer=_base_.tokenizer,
    max_length=_base_.max_length)
train_pipeline = [
    *_base_.read_gif_train,
    tokenize,
    _base_.mask,
    _base_.pack_train,
]
test_pipeline = [*_base_.read_gif_test, tokenize, _base_.pack_test]

# There is no validation file, so a tenth of the training GIFs is kept out.
# Officially the test file serves for validation.
train_file = dict(**questions, ann_file='frameqa_train.jsonl')
train_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='train',
        dataset=dict(**train_file, pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='val',
        dataset=dict(**train_file, test_mode=True, pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        **questions,
        ann_file='frameqa_test.jsonl',
        test_mode=True,
        pipeline=test_pipeline))

# Officially questions with an unknown answer are left out:
# `ignore_unknown=True`.
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
