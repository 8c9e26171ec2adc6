# The toy world in the files of TGIF-QA's repeating actions, for a small
# VIOLET.
#
# python tools/data/make_toyworld.py --out data/toy
#
# 1000 / 60 / 160 questions about as many clips. Performers have five acts,
# which are the five options of every question: chance is 20 %, always the
# same act is right for 22.5 % of the test questions. The ceiling is 100 %:
# every act can be seen. configs/toy/meltr_violet_tgif_action.py: 68.8 % in
# the test, 6.4 minutes of training (25 November 2026, 1 core).
_base_ = ['./violet_toy.py']

data_root = 'data/toy/tgif_qa'
questions = dict(
    type='TGIFChoiceQADataset',
    data_root=data_root,
    ann_file='txt_tgif-action.json')

load = [
    *_base_.read_gif,
    _base_.resize,
    dict(
        type='TokenizeChoices',
        tokenizer=_base_.tokenizer,
        # Every text, question and option, has 12 pieces with [CLS] and [SEP].
        max_length=12,
        # All questions have the same five.
        list_options=False),
]
train_pipeline = [
    *load,
    # Only words that the video tells are hidden: not those of every question
    # (what, does, the, do, times, '?', before, after), [PAD], [CLS], [SEP].
    dict(
        type='MaskText',
        probability=0.3,
        special_ids=(2054, 2515, 1996, 2079, 2335, 1029, 2077, 2044, 0, 101,
                     102)),
    dict(_base_.load_codes, vq_file=f'{data_root}/tgif_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# The base divides the training clips, and names the splits of the others.
train_dataset = dict(**questions, split='train', pipeline=train_pipeline)
train_dataloader = dict(dataset=dict(dataset=train_dataset))
meta_dataloader = train_dataloader
val_dataloader = dict(dataset=dict(**questions, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
