# TGIF-QA's repeating actions for All-in-one at full size.
#
# data/tgif/
#   action_train.jsonl, action_test.jsonl  gif_name, question, options, answer
#   gifs/*.gif
_base_ = ['./tgif_all_in_one.py']

questions = dict(type='ChoiceLinesDataset')
# The official text of an option lists all five first, without spaces between
# the parts, and is often cut where they differ. For that, in `tokenize`,
#   template='{question}Options: {options}Answer: {option}'
tokenize = _base_.tokenize_options
train_pipeline = [
    *_base_.read_gif_train,
    tokenize,
    _base_.mask,
    _base_.pack_options_train,
]
test_pipeline = [*_base_.read_gif_test, tokenize, _base_.pack_options_test]

train_file = dict(**questions, ann_file='action_train.jsonl')
# The base divides the training GIFs between training and validation.
train_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(dataset=dict(**train_file, pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        **questions, ann_file='action_test.jsonl', pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
