# VIOLET for open-ended question answering, small enough to train from
# scratch on a laptop. For 4 frames of 96 x 96 pixels: 3 x 3 cells each.
# A leaf sets the number of answers of its data set:
#   model = dict(model=dict(task=dict(num_answers=20)))
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='Violet',
        task=dict(type='VioletOpenEndedQA', num_answers=20, dropout=0.1),
        video_encoder=dict(
            # 12 * 8 channels leave the backbone, bert's hidden size. A
            # window of 3 divides the 24, 12, 6 and 3 cells of the stages.
            swin=dict(
                type='FramewiseSwin3D',
                arch=dict(
                    embed_dims=12, depths=[1, 1, 2, 1],
                    num_heads=[1, 2, 4, 4]),
                window_size=(4, 3, 3),
                patch_size=(2, 4, 4),
                drop_path_rate=0.),
            num_positions=10,
            max_frames=4),
        bert=dict(
            # The tokenizer is the real one.
            vocab_size=30522,
            hidden_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=192,
            max_position_embeddings=64,
            hidden_dropout_prob=0.1,
            # Drawing masks for attention maps takes a CPU a tenth of a step.
            attention_probs_dropout_prob=0.),
        # The generated data have a small codebook.
        num_codes=64,
        head_dropout=0.1,
        temperature=0.05,
        masked_frames_for_target=False,
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            format_shape='NCTHW')),
    meltr=dict(type='MELTR', hidden_dims=(128, 256), feedforward_dim=256),
    losses=['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm'],
    primary='loss_qa')
