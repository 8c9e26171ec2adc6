# All-in-one for text-to-video retrieval, small enough to train from scratch
# on a laptop. For 3 frames of 64 x 64 pixels: 16 patches each.
_base_ = 'all_in_one.py'

model = dict(
    model=dict(
        heads=dict(itc=dict(shared_dim=128)),
        vit=dict(
            img_size=64,
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
            type='Normal', layer=['Linear', 'Embedding'], std=0.06)))
