# TGIF-QA's FrameQA for VIOLET at full size.
#
# data/tgif/
#   txt_tgif-frame.json   annotations and the 1540 answers, VIOLET's form
#   img_tgif.pkl, tgif_vq.pkl, gifs/*.gif   as in tgif_violet.py
_base_ = ['./tgif_violet.py']

questions = dict(
    type='TGIFFrameQADataset',
    data_root=_base_.data_root,
    ann_file='txt_tgif-frame.json',
    data_prefix=None)

load = [
    *_base_.read_frames,
    _base_.resize,
    # size_txt of the official args_tgif-frame.json.
    dict(_base_.tokenize, max_length=25),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    _base_.load_codes,
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# The base divides the training GIFs between training and validation.
train_dataloader = dict(
    dataset=dict(dataset=dict(**questions, pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(dataset=dict(**questions, pipeline=test_pipeline)))
test_dataloader = dict(dataset=dict(**questions, pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
