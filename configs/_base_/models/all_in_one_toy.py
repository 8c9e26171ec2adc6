# All-in-one for text-to-video retrieval, small enough to train from scratch
# on a laptop. For 3 frames of 64 x 64 pixels: 16 patches each.
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='AllInOne',
        heads=dict(
            mlm=dict(),
            itc=dict(shared_dim=128, temperature=0.05, gather=False)),
        target='itc',
        vit=dict(
            num_frames=3,
            img_size=64,
            patch_size=16,
            num_heads=4,
            num_layers=4,
            drop_rate=0.,
            drop_path_rate=0.,
            # The official 0.02 is made for wide layers.
            init_std=0.06,
            patch_order='raster'),
        bert=dict(
            # The tokenizer is the real one.
            vocab_size=30522,
            hidden_size=128,
            num_attention_heads=4,
            max_position_embeddings=24,
            hidden_dropout_prob=0.),
        init_cfg=dict(
            type='Normal', layer=['Linear', 'Embedding'], std=0.06),
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            format_shape='NCTHW')),
    meltr=dict(type='MELTR', hidden_dims=(128, 128), feedforward_dim=128),
    losses=['loss_mlm', 'loss_itc'],
    primary='loss_itc')
