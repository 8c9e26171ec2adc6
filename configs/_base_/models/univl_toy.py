# UniVL, small enough to train from scratch on a laptop. For features of 64
# channels, 24 tokens and 12 seconds. For retrieval; a leaf sets another task,
# its losses and the primary one.
_base_ = 'univl.py'

model = dict(
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
        feature_dim=64,
        video_layers=1,
        cross_layers=1,
        decoder_layers=1,
        max_frames=16,
        max_pair_length=48),
    meltr=dict(feedforward_dim=256),
    # The decoder's two losses and the two of masked pairs make a step three
    # times as long. The model computes only what is listed.
    losses=['loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm'])
