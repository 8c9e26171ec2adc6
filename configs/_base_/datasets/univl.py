# What the data sets share, for UniVL at full size: how a sample is made, and
# the loaders. The files beside say what is read.
#
# A hub name or the directory of a copy of it.
# Without network: MELTR_TOKENIZER=/a/folder, or minilm.
tokenizer = '{{$MELTR_TOKENIZER:bert-base-uncased}}'
# Those of UniVL's README, for retrieval on both data sets and for captioning
# on MSRVTT; MELTR's code has 20 and 100 as defaults and does not say what its
# numbers were made with.
max_length = 48
max_frames = 48

read_video = dict(type='LoadVideoFeatures', max_frames=max_frames)
read_text = dict(
    type='TokenizeText',
    tokenizer=tokenizer,
    max_length=max_length,
    key='text')
read_caption = dict(
    type='TokenizeCaption', tokenizer=tokenizer, max_length=max_length)
# Captions are compared word by word, in the model's spelling. Officially they
# are also cut to the longest caption: max_length=max_length.
read_references = dict(type='TokenizeReferences', tokenizer=tokenizer)
# What is hidden from the masked losses; 0.15 is the official default.
mask = [
    dict(type='MaskWords', tokenizer=tokenizer, probability=0.15),
    dict(type='MaskFrames', probability=0.15),
]
# What a pipeline has not made is left out.
pack = dict(
    type='PackActionInputs',
    algorithm_keys=('text_ids', 'text_mask', 'video_mask', 'masked_text_ids',
                    'mlm_labels', 'mfm_labels', 'caption_ids',
                    'caption_labels', 'caption_mask', 'sentiment'),
    meta_keys=('video_id', 'clip', 'references', 'video_index', 'sample_idx'))

train_dataloader = dict(
    num_workers=4,
    # Workers that are started anew each epoch would draw the same masks
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
