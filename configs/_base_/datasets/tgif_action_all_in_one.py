# TGIF-QA's repeating actions for All-in-one at full size.
#
# data/tgif/
#   action_train.jsonl, action_test.jsonl  gif_name, question, options, answer
#   gifs/*.gif
_base_ = ['./all_in_one.py']

questions = dict(
    type='ChoiceLinesDataset',
    data_root='data/tgif',
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
# The official text of an option lists all five first, without spaces between
# the parts, and is often cut where they differ:
#   template='{question}Options: {options}Answer: {option}'
tokenize = dict(
    type='TokenizeOptions',
    tokenizer=_base_.tokenizer,
    max_length=_base_.max_length)
train_pipeline = [
    *_base_.read_gif_train,
    tokenize,
    _base_.mask,
    _base_.pack_options_train,
]
test_pipeline = [*_base_.read_gif_test, tokenize, _base_.pack_options_test]

# There is no validation file, so a tenth of the training GIFs is kept out.
# Officially the test file serves for validation.
train_file = dict(**questions, ann_file='action_train.jsonl')
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
        ann_file='action_test.jsonl',
        test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
