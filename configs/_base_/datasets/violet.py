# What VIOLET's data sets share at full size: how a sample is made from
# frames and text, and the loaders. The files beside say what is read.
#
# Sizes are those of the official code: size_img 224 in every file of
# violet/args, 5 frames in VIOLET's README.
clip_len = 5
img_size = 224
# A hub name or the directory of a copy of it.
# Without network: MELTR_TOKENIZER=/a/folder, or minilm.
tokenizer = '{{$MELTR_TOKENIZER:bert-base-uncased}}'

# No augmentation, in training either: that is the official recipe.
resize = dict(type='PadToSquareResize', size=img_size)
tokenize = dict(type='TokenizeText', tokenizer=tokenizer)
meta_keys = ('img_shape', 'video_id', 'question', 'answer', 'question_id',
             'question_type', 'sample_idx')
pack_train = [
    dict(type='MaskVideoBlocks'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask', 'masked_text_ids',
                        'mtm_labels', 'patch_mask', 'mvm_labels'),
        meta_keys=meta_keys),
]
pack_test = [
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask'),
        meta_keys=meta_keys),
]

train_dataloader = dict(
    # Per GPU, as the official size_batch.
    batch_size=5,
    num_workers=4,
    # New workers would draw the same masks in every epoch: MMEngine seeds a
    # worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=5,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
