# VIOLET for open-ended question answering, at its published size.
# A leaf sets the number of answers of its data set:
#   model = dict(model=dict(task=dict(num_answers=1540)))
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='Violet',
        # The vocabulary size belongs to the data set; 1000 is MSVD-QA's
        # (args_msvd-qaoe.json). The official answer head drops half of its
        # input, VIOLET's own a tenth.
        task=dict(type='VioletOpenEndedQA', num_answers=1000, dropout=0.5),
        video_encoder=dict(
            # Class defaults of the official video_swin.py: the small layout.
            swin=dict(
                type='FramewiseSwin3D',
                arch='small',
                window_size=(8, 7, 7),
                patch_size=(2, 4, 4),
                drop_path_rate=0.2),
            # A 14 x 14 grid and [CLS]; 224 pixels use 50 of the rows.
            num_positions=197,
            max_frames=6),
        # bert-base-uncased, the source of words, fusion layers and MTM head
        # (official model.py). Spelled out so that a leaf can shrink it.
        bert=dict(
            vocab_size=30522,
            hidden_size=768,
            num_hidden_layers=12,
            num_attention_heads=12,
            intermediate_size=3072,
            max_position_embeddings=512,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1),
        # Set to 'bert-base-uncased' or a local directory to start without a
        # converted VIOLET checkpoint.
        pretrained_bert=None,
        # Codes of the DALL-E encoder.
        num_codes=8192,
        head_dropout=0.1,
        # Official main_qaoe.py divides the matching scores by it.
        temperature=0.05,
        # True is the official behaviour: masked frames for every loss.
        masked_frames_for_target=False,
        # The official model normalises [0, 1] by the same statistics.
        data_preprocessor=dict(
            type='ActionDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            format_shape='NCTHW')),
    # Sizes of the official meltr.py for the four losses of QA.
    meltr=dict(type='MELTR', hidden_dims=(128, 256), feedforward_dim=256),
    # The order is the row order of MELTR's task embedding.
    losses=['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm'],
    primary='loss_qa')
