# The toy world in the files of TGIF-QA's FrameQA, for a small All-in-one.
#
# 4887 / 737 questions about 2120 / 320 clips, 9 answers. Chance is 11.1 %, the
# most frequent answer is right for 17.1 % of the test questions. The ceiling
# is 100 %: every answer can be seen.
#
# Measured on 26 November 2026: 72.6 % of the test questions, after 5.5
# minutes on one core.
_base_ = ['./all_in_one_toy.py']

# The longest question has 9 pieces with [CLS] and [SEP].
max_length = 9
questions = dict(
    type='QALinesDataset',
    data_root='data/toy/tgif_qa',
    vocab_file='frameqa_trainval_ans2label.json',
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
tokenize = dict(
    type='TokenizeText',
    tokenizer=_base_.tokenizer,
    max_length=max_length)
train_pipeline = [
    *_base_.read_gif_train,
    tokenize,
    _base_.mask,
    _base_.pack_train,
]
test_pipeline = [*_base_.read_gif_test, tokenize, _base_.pack_test]

# As at full size there is no validation file, so a tenth of the training clips
# is kept out. MELTR's meta batches are of them, too: for the optimiser
# wrapper, `meta_dataloader=_base_.meta_dataloader`.
train_file = dict(**questions, ann_file='frameqa_train.jsonl')
train_dataset = dict(**train_file, pipeline=train_pipeline)
train_dataloader = dict(
    dataset=dict(type='SeededSplit', part='train', dataset=train_dataset))
meta_dataloader = dict(
    _base_.train_dataloader,
    dataset=dict(type='SeededSplit', part='meta', dataset=train_dataset))
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

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
