# TGIF-QA's FrameQA for VIOLET at full size.
#
# data/tgif/
#   txt_tgif-frame.json   annotations and the 1540 answers, VIOLET's form
#   img_tgif.pkl          {clip: [5 JPEGs, base64]}
#   tgif_vq.pkl           {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   gifs/*.gif            only for reading frames from the GIFs
_base_ = ['./violet.py']

data_root = 'data/tgif'
# size_txt of the official args_tgif-frame.json.
max_length = 25

# To read the GIFs instead of the extracted frames, replace `read_frames` by
#   read_frames = [
#       dict(type='PyAVInit'),
#       dict(type='CountGIFFrames'),
#       dict(type='SampleFramesEvenly', clip_len=_base_.clip_len),
#       dict(type='PyAVDecode'),
#   ]
# and in `questions` set data_prefix=dict(video='gifs')
read_frames = [
    dict(
        type='DecodeJPEGFrames',
        img_file=f'{data_root}/img_tgif.pkl',
        clip_len=_base_.clip_len),
]
questions = dict(
    type='TGIFFrameQADataset',
    data_root=data_root,
    ann_file='txt_tgif-frame.json',
    data_prefix=None)

load = [
    *read_frames,
    _base_.resize,
    dict(
        type='TokenizeText',
        tokenizer=_base_.tokenizer,
        max_length=max_length),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(type='LoadVQCodes', vq_file=f'{data_root}/tgif_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

# TGIF-QA has no validation set; the official code watches the test set. Here
# a twentieth of the training GIFs validates.
train_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='train',
        fraction=0.05,
        dataset=dict(**questions, split='train', pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='val',
        fraction=0.05,
        dataset=dict(
            **questions,
            split='train',
            test_mode=True,
            pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        **questions, split='test', test_mode=True, pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
