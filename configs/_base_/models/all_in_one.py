# All-in-one for text-to-video retrieval, at its published size.
# Sizes: the official `msrvtt_retrieval_MELTR` config.
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
            num_frames=3,
            img_size=224,
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
    meltr=dict(type='MELTR', hidden_dims=(128, 128), feedforward_dim=128),
    # The order is the row order of MELTR's task embedding.
    losses=['loss_mlm', 'loss_itc'],
    # The loss of the target task. The official code takes the first of its
    # tasks, which is MLM: primary='loss_mlm' reproduces it.
    primary='loss_itc')
