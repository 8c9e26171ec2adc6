# TGIF-QA's repeating actions for VIOLET at full size.
#
# data/tgif/
#   txt_tgif-action.json   annotations, VIOLET's form; the original tables,
#                          {Train,Test}_action_question.csv, work as well
#   img_tgif.pkl, tgif_vq.pkl, gifs/*.gif   as in tgif_violet.py
_base_ = ['./tgif_violet.py']

# size_txt of the official args_tgif-action.json; cuts the context of long
# questions, never the option. 64 keeps everything.
max_length = 40
# False: spaces around 'Options:' and 'Answer:', the option is never cut, and
# single words are masked. True is the official text and masking.
official = False

questions = dict(
    type='TGIFChoiceQADataset',
    data_root=_base_.data_root,
    ann_file='txt_tgif-action.json',
    data_prefix=None)

load = [
    *_base_.read_frames,
    _base_.resize,
    dict(
        type='TokenizeChoices',
        tokenizer=_base_.tokenizer,
        max_length=max_length,
        official_text=official),
]
train_pipeline = [
    *load,
    dict(type='MaskText', official_options=official),
    _base_.load_codes,
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# The base divides the training GIFs between training and validation.
train_dataloader = dict(
    # Per GPU; each question has five texts.
    batch_size=3,
    dataset=dict(dataset=dict(**questions, pipeline=train_pipeline)))
val_dataloader = dict(
    batch_size=3,
    dataset=dict(dataset=dict(**questions, pipeline=test_pipeline)))
test_dataloader = dict(
    batch_size=3, dataset=dict(**questions, pipeline=test_pipeline))

# The metric is that of any closed set of answers.
val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
