# MSVD-QA for VIOLET at full size.
#
# data/msvd/
#   txt_msvd-qa.json   annotations and the 1000 answers, VIOLET's form
#   img_msvd.pkl       {clip: [5 JPEGs, base64]}
#   msvd_vq.pkl        {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   videos/*.avi       only for reading frames from the videos, see below
_base_ = ['./violet.py']

data_root = 'data/msvd'
# size_txt of the official args_msvd-qaoe.json.
max_length = 25

# To read the videos instead of the extracted frames, which gives the same
# frames but for the JPEG compression, replace `read_frames` by
#   read_frames = [
#       dict(type='DecordInit'),
#       dict(type='SampleFramesEvenly', clip_len=_base_.clip_len),
#       dict(type='DecordDecode'),
#   ]
# and in `questions` set
#   data_prefix=dict(video='videos'), video_suffix='.avi'
read_frames = [
    dict(
        type='DecodeJPEGFrames',
        img_file=f'{data_root}/img_msvd.pkl',
        clip_len=_base_.clip_len),
]
questions = dict(
    type='MSVDQADataset',
    data_root=data_root,
    ann_file='txt_msvd-qa.json',
    data_prefix=None)

load = [
    *read_frames,
    _base_.resize,
    dict(_base_.tokenize, max_length=max_length),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(type='LoadVQCodes', vq_file=f'{data_root}/msvd_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

train_dataloader = dict(
    dataset=dict(**questions, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        **questions, split='val', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    dataset=dict(
        **questions, split='test', test_mode=True, pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
