# VIOLET for open-ended question answering, small enough to train from
# scratch on a laptop. For 2 frames of 96 x 96 pixels: 3 x 3 cells each.
# A leaf sets the number of answers of its data set:
#   model = dict(model=dict(task=dict(num_answers=20)))
_base_ = 'violet.py'

model = dict(
    model=dict(
        task=dict(num_answers=20, dropout=0.),
        video_encoder=dict(
            # Patches of 8, halved twice: cells of 32 pixels as at full size.
            # 32 * 4 channels leave the backbone, bert's hidden size.
            swin=dict(
                arch=dict(
                    _delete_=True,
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
                    type='Xavier', layer='Linear', distribution='uniform')),
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
        # The generated data have a small codebook.
        num_codes=64,
        head_dropout=0.,
        # 0.05 is for a pre-trained matching head; from scratch it multiplies
        # the gradient of noise by 20.
        temperature=1.))
