# UniVL at its published size: its input, model, eight losses and optimisers,
# for retrieval. A config beside names the data, the task and its rates.
#
# '${name}' is the value of `name`, wherever that is set: here, in a config
# with this base, or by --cfg-options name=value.

# The runner warns if it is not given as load_from.
starts_from = "UniVL's pre-training checkpoint"

# ---- input. Lengths are those of UniVL's README, for retrieval on both data
# sets and for captioning on MSRVTT; MELTR's code has 20 and 100 as defaults
# and does not say what its numbers were made with.
max_length = 48
max_frames = 48
# A hub name or the directory of a copy of it.
# Without network: MELTR_TOKENIZER=/a/folder, or minilm.
tokenizer = '{{$MELTR_TOKENIZER:bert-base-uncased}}'
# S3D pre-trained on HowTo100M, one vector per second: a pickle, or the .npy
# that tools/data/convert_features.py makes of it. A config sets the file.
feature_file = None
feature_dim = 1024

test_inputs = dict(
    type='UniVLInputs',
    feature_file='${feature_file}',
    feature_dim='${feature_dim}',
    max_frames='${max_frames}',
    tokenizer='${tokenizer}',
    max_length='${max_length}')
train_inputs = dict(test_inputs, masks=True, decoder=True)

# ---- data: a config sets train_set, val_set and test_set.
train_dataloader = dict(
    num_workers=4,
    # Workers that are started anew each epoch would draw the same masks
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset='${train_set}')
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset='${val_set}')
test_dataloader = dict(val_dataloader, dataset='${test_set}')

# ---- model. A config sets another task and primary loss.
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='UniVL',
        task=dict(type='UniVLRetrieval'),
        # bert-base-uncased, the text encoder (bert_config.json of the
        # official code). Spelled out so that a config can shrink it.
        bert=dict(
            vocab_size=30522,
            hidden_size=768,
            num_hidden_layers=12,
            num_attention_heads=12,
            intermediate_size=3072,
            max_position_embeddings=512,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1),
        feature_dim='${feature_dim}',
        # Command-line defaults of the official main.py, which differ from
        # its json files.
        video_layers=6,
        cross_layers=2,
        decoder_layers=3,
        max_frames=512,
        max_pair_length=1024,
        margin=0.1,
        # 'official' has the losses of the released code, which also train
        # on [PAD] and compare each pair with itself.
        loss_rules='default',
        # Set to 'bert-base-uncased' or a local directory to start without a
        # converted UniVL checkpoint.
        pretrained_bert=None,
        data_preprocessor=dict(type='ActionDataPreprocessor')),
    # Sizes of the official meltr.py. There MELTR stays in eval mode, so it has
    # no dropout.
    meltr=dict(
        type='MELTR',
        hidden_dims=(128, 256),
        feedforward_dim=512,
        dropout=0.,
        # It corrects the primary loss: a start for a pre-trained model.
        start='primary',
        # Only how the weights compare is learnt, not their size.
        normalise=True),
    # The order is the row order of MELTR's task embedding.
    losses=[
        'loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm',
        'loss_m_joint', 'loss_m_align', 'loss_decoder', 'loss_m_decoder'
    ],
    primary='loss_alignment')

# ---- optimisers: 5 epochs, MELTR at updates 1, 11, 21 and so on. Source
# of the other numbers: the official MELTR code, whose meta settings are the
# same for all tasks of UniVL, and UniVL's own number of epochs. The official
# optimiser is BERT's Adam (configs/official has it); torch's AdamW corrects
# the bias of the first steps and has fused kernels.
#
# The official option `coef_lr` is a rate of the text encoder's own. It is 1
# whenever a checkpoint is given, as here. Another one, in `paramwise_cfg`:
#     custom_keys={'text_encoder': dict(lr_mult=0.1), ...}
# MMEngine asks neither bias_decay_mult nor norm_decay_mult about what a key
# matches, so biases and LayerNorms within need longer keys with decay_mult=0.
optim_wrapper = dict(
    type='AIDOptimWrapper',
    constructor='AIDOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.999), eps=1e-6,
        weight_decay=0.01),
    # The weight that normalises the features is decayed, as officially.
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        custom_keys={'video_norm.weight': dict(decay_mult=1.)}),
    clip_grad=dict(max_norm=1.),
    # L2 decay inside Adam, not AdamW's.
    meta_optimizer=dict(type='Adam', lr=1e-3, weight_decay=3e-5),
    meta_clip_grad=dict(max_norm=50),
    # What docs/does_it_help.md found to help; the paper has the identity,
    # gamma=0.1 and interval=3.
    inverse_hessian=dict(type='AdamPreconditioner'),
    gamma=0.,
    interval=10,
    begin=1,
    history=dict(capacity=10, eviction='fifo'))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# Up in the first tenth, then down to 0 in a straight line.
param_scheduler = dict(
    type='PeriodicLR',
    shape='warmup_linear',
    period='${train_cfg.max_epochs}',
    warmup=0.1,
    by_epoch=True,
    convert_to_iter_based=True)
