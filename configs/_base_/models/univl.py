# UniVL at its published size, with its eight losses; for retrieval. A leaf
# sets another task and primary loss:
#   model = dict(model=dict(task=dict(type='UniVLCaptioning')),
#                primary='loss_decoder')
model = dict(
    type='MELTRWrapper',
    model=dict(
        type='UniVL',
        task=dict(type='UniVLRetrieval'),
        # bert-base-uncased, the text encoder (bert_config.json of the
        # official code). Spelled out so that a leaf can shrink it.
        bert=dict(
            vocab_size=30522,
            hidden_size=768,
            num_hidden_layers=12,
            num_attention_heads=12,
            intermediate_size=3072,
            max_position_embeddings=512,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1),
        # S3D pre-trained on HowTo100M, one vector per second.
        feature_dim=1024,
        # Command-line defaults of the official main.py, which differ from
        # its json files.
        video_layers=6,
        cross_layers=2,
        decoder_layers=3,
        max_frames=512,
        max_pair_length=1024,
        margin=0.1,
        # 'official' has the losses of the released code, which also train
        # on [PAD] and compare each pair with itself.
        loss_rules='default',
        # Set to 'bert-base-uncased' or a local directory to start without a
        # converted UniVL checkpoint.
        pretrained_bert=None,
        data_preprocessor=dict(type='ActionDataPreprocessor')),
    # Sizes of the official meltr.py. There MELTR stays in eval mode, so it has
    # no dropout.
    meltr=dict(
        type='MELTR',
        hidden_dims=(128, 256),
        feedforward_dim=512,
        dropout=0.),
    # The order is the row order of MELTR's task embedding.
    losses=[
        'loss_joint', 'loss_alignment', 'loss_mlm', 'loss_mfm',
        'loss_m_joint', 'loss_m_align', 'loss_decoder', 'loss_m_decoder'
    ],
    primary='loss_alignment')
