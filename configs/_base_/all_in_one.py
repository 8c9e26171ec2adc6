# All-in-one at its published size: its input, model, losses and optimisers,
# for text-to-video retrieval. A config beside names the data, the task and its
# rates.
#
# '${name}' is the value of `name`, wherever that is set: here, in a config
# with this base, or by --cfg-options name=value.

# The runner warns if it is not given as load_from.
starts_from = "All-in-one's pre-training checkpoint"

# ---- input. `num_frames`, `image_size` and `max_text_len` of the official
# config.py, the same for all of its tasks.
frames = 3
size = 224
max_length = 40
# 'question', 'caption', or 'options': a text for each.
text_key = 'question'
# A hub name or the directory of a copy of it.
# Without network: MELTR_TOKENIZER=/a/folder, or minilm.
tokenizer = '{{$MELTR_TOKENIZER:bert-base-uncased}}'
# The official order: stretched twice, then cropped. GIFs keep their
# proportions: [(-1, 268)].
resize = [(512, 512), (268, 268)]

test_inputs = dict(
    type='AllInOneInputs',
    frames='${frames}',
    size='${size}',
    tokenizer='${tokenizer}',
    max_length='${max_length}',
    text_key='${text_key}',
    resize='${resize}')
# Officially frames are random in evaluation, too, and in retrieval it is the
# mean of three clips: random_frames=True, num_clips=3 in test_inputs.
train_inputs = dict(test_inputs, training=True)

# ---- data: a config sets train_set, val_set and test_set.
train_dataloader = dict(
    # Per GPU.
    batch_size=16,
    num_workers=4,
    # Workers that are started anew each epoch would draw the same frames
    # again, because MMEngine seeds a worker by its number only.
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset='${train_set}')
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset='${val_set}')
test_dataloader = dict(val_dataloader, dataset='${test_set}')

# ---- model. Sizes: the official `msrvtt_retrieval_MELTR` config.
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='AllInOne',
        heads=dict(
            mlm=dict(),
            # False compares with the pairs of the same GPU, as officially;
            # True with those of all.
            itc=dict(shared_dim=512, temperature=0.05, gather=False)),
        target='itc',
        # ViT-B/16.
        vit=dict(
            num_frames='${frames}',
            img_size='${size}',
            patch_size=16,
            num_heads=12,
            num_layers=12,
            drop_rate=0.1,
            drop_path_rate=0.1,
            # 'random' is the official behaviour, in evaluation too, which
            # makes joint passes (MLM, question answering) random.
            patch_order='raster'),
        # Of bert-base-uncased, but for the longest text.
        bert=dict(
            vocab_size=30522,
            hidden_size=768,
            num_attention_heads=12,
            max_position_embeddings=40,
            hidden_dropout_prob=0.1),
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            format_shape='NCTHW')),
    meltr=dict(
        type='MELTR',
        hidden_dims=(128, 128),
        feedforward_dim=128,
        # It corrects the primary loss: a start for a pre-trained model.
        start='primary',
        # Only how the weights compare is learnt, not their size.
        normalise=True),
    # The order is the row order of MELTR's task embedding.
    losses=['loss_mlm', 'loss_itc'],
    # The loss of the target task. The official code takes the first of its
    # tasks, which is MLM: primary='loss_mlm' reproduces it.
    primary='loss_itc')

# ---- optimisers: AdamW with warm-up, MELTR every 10 updates. Source of the
# other numbers: the official `msrvtt_retrieval_MELTR` config. The official
# AdamW is that of transformers 4.2 (type='BertAdamW', eps=1e-8 here); torch's
# differs in where it adds eps and is faster.
optim_wrapper = dict(
    type='AIDOptimWrapper',
    constructor='AIDOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=3e-4, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.01),
    # What is not decayed. The longest key that is part of a name decides. The
    # LayerNorm inside a QA head is decayed, as officially.
    paramwise_cfg=dict(
        # The bias of BERT's language-model head has two names.
        bypass_duplicate=True,
        custom_keys={
            'bias': dict(decay_mult=0.),
            'LayerNorm.weight': dict(decay_mult=0.),
            'norm.weight': dict(decay_mult=0.),
            'norms.0.weight': dict(decay_mult=0.),
            'norms.1.weight': dict(decay_mult=0.),
            # Answer heads learn ten times as fast (`task_finetune_msvdqa`).
            # These keys beat the shorter ones above, so biases stand again.
            'classifier.': dict(lr_mult=10.),
            'classifier.1.bias': dict(lr_mult=10., decay_mult=0.),
            'classifier.2.bias': dict(lr_mult=10., decay_mult=0.),
            'classifier.4.bias': dict(lr_mult=10., decay_mult=0.)
        }),
    # L2 decay inside Adam, not AdamW's.
    meta_optimizer=dict(
        type='Adam', lr=1e-4, betas=(0.9, 0.98), weight_decay=3e-5),
    # What docs/does_it_help.md found to help; the paper has the identity,
    # gamma=0.1 and interval=5.
    inverse_hessian=dict(type='AdamPreconditioner'),
    gamma=0.,
    interval=10,
    begin=1,
    # Clips MELTR only; the model's gradient is not clipped.
    meta_clip_grad=dict(max_norm=1.),
    history=dict(capacity=10, eviction='weighted'))

# Up from 0 in the first epochs, then down to 0 in a straight line. MMEngine's
# chain of factors cannot leave an exact 0. A config sets both: the warm-up is
# officially a tenth of the run.
warmup_epochs = 20
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=200, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-12, begin=0, end='${warmup_epochs}',
        convert_to_iter_based=True),
    dict(
        type='PolyLR', power=1, eta_min=0., begin='${warmup_epochs}',
        end='${train_cfg.max_epochs}', convert_to_iter_based=True)
]
