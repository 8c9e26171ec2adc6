# What All-in-one's data sets share at full size: how frames and text are
# read, and the loaders. The files beside say what is read.
#
# Sizes are those of the official code: `num_frames`, `image_size` and
# `max_text_len` of config.py, the same for all of its tasks.
clip_len = 3
img_size = 224
max_length = 40
# A hub name or the directory of a copy of it.
# Without network: MELTR_TOKENIZER=/a/folder, or minilm.
tokenizer = '{{$MELTR_TOKENIZER:bert-base-uncased}}'

# The official order of resizes: stretched twice, then cropped. No flip and
# no colour changes.
resize = [
    dict(type='Resize', scale=(512, 512), keep_ratio=False),
    dict(type='Resize', scale=(268, 268), keep_ratio=False),
]
crop_train = [
    dict(type='RandomCrop', size=img_size),
    dict(type='FormatShape', input_format='NCTHW'),
]
crop_test = [
    dict(type='CenterCrop', crop_size=img_size),
    dict(type='FormatShape', input_format='NCTHW'),
]
read_train = [
    dict(type='DecordInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len, random=True),
    dict(type='DecordDecode'),
    *resize,
    *crop_train,
]
# Officially frames are random here, too. For that,
#   dict(type='SampleFramesBySegment', clip_len=clip_len, random=True)
# and in retrieval the mean of three random clips: also num_clips=3.
read_test = [
    dict(type='DecordInit'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='DecordDecode'),
    *resize,
    *crop_test,
]
# GIFs keep their proportions. Decord cannot read them.
read_gif_train = [
    dict(type='PyAVInit'),
    dict(type='CountGIFFrames'),
    dict(type='SampleFramesBySegment', clip_len=clip_len, random=True),
    dict(type='PyAVDecode'),
    dict(type='Resize', scale=(-1, 268)),
    *crop_train,
]
read_gif_test = [
    dict(type='PyAVInit'),
    dict(type='CountGIFFrames'),
    dict(type='SampleFramesBySegment', clip_len=clip_len),
    dict(type='PyAVDecode'),
    dict(type='Resize', scale=(-1, 268)),
    *crop_test,
]

tokenize = dict(
    type='TokenizeText', tokenizer=tokenizer, max_length=max_length)
tokenize_options = dict(
    type='TokenizeOptions', tokenizer=tokenizer, max_length=max_length)
# What the model reads of a text, and of a text with some words hidden; in
# multiple choice also of every option.
mask = dict(type='MaskTextAsBert', tokenizer=tokenizer)
text_keys = ('text_ids', 'text_mask')
masked_keys = (*text_keys, 'masked_text_ids', 'mlm_labels')
option_keys = ('option_ids', 'option_mask')
meta_keys = ('img_shape', 'video_id', 'caption', 'question', 'answer',
             'question_id', 'question_type', 'sample_idx')
pack_train = dict(
    type='PackActionInputs', algorithm_keys=masked_keys, meta_keys=meta_keys)
pack_test = dict(
    type='PackActionInputs', algorithm_keys=text_keys, meta_keys=meta_keys)
pack_options_train = dict(
    type='PackActionInputs',
    algorithm_keys=(*masked_keys, *option_keys),
    meta_keys=meta_keys)
pack_options_test = dict(
    type='PackActionInputs', algorithm_keys=option_keys, meta_keys=meta_keys)

train_dataloader = dict(
    # Per GPU.
    batch_size=16,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same frames
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
