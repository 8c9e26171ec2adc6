# VIOLET at its published size: its input, model, losses and optimisers. A
# config beside names the data, the task and its rates.
#
# '${name}' is the value of `name`, wherever that is set: here, in a config
# with this base, or by --cfg-options name=value.

# The runner warns if it is not given as load_from.
starts_from = "VIOLET's pre-training checkpoint"

# ---- input. 224 pixels in every file of the official violet/args, 5 frames in
# VIOLET's README.
frames = 5
size = 224
max_length = 25
# 'question', 'caption', or 'options': a text for each.
text_key = 'question'
# A hub name or the directory of a copy of it.
# Without network: MELTR_TOKENIZER=/a/folder, or minilm.
tokenizer = '{{$MELTR_TOKENIZER:bert-base-uncased}}'
# Frames that were extracted beforehand. None: the clips are decoded, which
# gives the same frames but for the JPEG compression, and `videos` has their
# folder below data_root, such as dict(video='videos').
img_file = None
videos = dict()
# Codes of the DALL-E dVAE, for `loss_mvm`.
vq_file = None
num_codes = 8192

test_inputs = dict(
    type='VioletInputs',
    frames='${frames}',
    size='${size}',
    tokenizer='${tokenizer}',
    max_length='${max_length}',
    text_key='${text_key}',
    img_file='${img_file}')
# No augmentation, in training either: that is the official recipe.
train_inputs = dict(
    test_inputs, masks=True, vq_file='${vq_file}', num_codes='${num_codes}')

# ---- data: a config sets train_set, val_set and test_set.
train_dataloader = dict(
    # Per GPU, as the official size_batch.
    batch_size=5,
    num_workers=4,
    # New workers would draw the same masks in every epoch: MMEngine seeds a
    # worker by its number only.
    persistent_workers=True,
    # The official loader drops the last batch as well.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset='${train_set}')
val_dataloader = dict(
    batch_size=5,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset='${val_set}')
test_dataloader = dict(val_dataloader, dataset='${test_set}')

# ---- model, for open-ended question answering. A config sets the number of
# answers, or another task.
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='Violet',
        # The official answer head drops half of its input, VIOLET's own a
        # tenth.
        task=dict(type='VioletOpenEndedQA', num_answers=1000, dropout=0.5),
        video_encoder=dict(
            # Class defaults of the official video_swin.py: the small layout.
            swin=dict(
                type='FramewiseSwin3D',
                arch='small',
                window_size=(8, 7, 7),
                patch_size=(2, 4, 4),
                drop_path_rate=0.2),
            # A 14 x 14 grid and [CLS]; 224 pixels use 50 of the rows.
            num_positions=197,
            max_frames=6),
        # bert-base-uncased, the source of words, fusion layers and MTM head
        # (official model.py). Spelled out so that a config can shrink it.
        bert=dict(
            vocab_size=30522,
            hidden_size=768,
            num_hidden_layers=12,
            num_attention_heads=12,
            intermediate_size=3072,
            max_position_embeddings=512,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1),
        # Set to 'bert-base-uncased' or a local directory to start without a
        # converted VIOLET checkpoint.
        pretrained_bert=None,
        num_codes='${num_codes}',
        head_dropout=0.1,
        # Official main_qaoe.py divides the matching scores by it.
        temperature=0.05,
        # True is the official behaviour: masked frames for every loss.
        masked_frames_for_target=False,
        # The official model normalises [0, 1] by the same statistics.
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            format_shape='NCTHW')),
    # Sizes of the official meltr.py for the four losses of QA.
    meltr=dict(
        type='MELTR',
        hidden_dims=(128, 256),
        feedforward_dim=256,
        # It corrects the primary loss: a start for a pre-trained model.
        start='primary',
        # Only how the weights compare is learnt, not their size.
        normalise=True),
    # The order is the row order of MELTR's task embedding.
    losses=['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm'],
    primary='loss_qa')

# ---- optimisers: two AdamW with constant rates, MELTR every 10 updates.
# Source of every other number: agent.py and args_msvd-qaoe.json of the
# official code.
optim_wrapper = dict(
    type='AIDOptimWrapper',
    constructor='AIDOptimWrapperConstructor',
    # One group each: biases and LayerNorms are decayed too.
    optimizer=dict(
        type='AdamW', lr=1.2e-5, betas=(0.9, 0.98), weight_decay=1e-3),
    meta_optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.98), weight_decay=1e-4),
    # What docs/does_it_help.md found to help; the paper has the identity,
    # gamma=0.1 and interval=3.
    inverse_hessian=dict(type='AdamPreconditioner'),
    gamma=0.,
    interval=10,
    # Clips MELTR only; the model's gradient is not clipped.
    meta_clip_grad=dict(max_norm=12),
    history=dict(capacity=10, eviction='weighted'))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
