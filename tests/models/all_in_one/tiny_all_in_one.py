"""A small All-in-one with every head, and a batch for all its losses."""
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

import meltr_mm  # noqa: F401

T, SIZE, L, C, ANSWERS, VOCAB = 3, 32, 6, 4, 5, 130

CONFIG = dict(
    type='AllInOne',
    heads=dict(
        mlm=dict(),
        itc=dict(shared_dim=8),
        itm=dict(),
        rank=dict(),
        qa=dict(num_answers=ANSWERS, dropout=0.),
        mc=dict(hidden_dim=12, dropout=0.)),
    target='qa',
    vit=dict(
        num_frames=T,
        img_size=SIZE,
        patch_size=8,
        num_heads=2,
        num_layers=2,
        drop_rate=0.,
        drop_path_rate=0.),
    bert=dict(
        vocab_size=VOCAB,
        hidden_size=32,
        num_attention_heads=2,
        max_position_embeddings=L,
        hidden_dropout_prob=0.),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW'))


def build(config):
    """A model whose weights are large enough for everything to matter."""
    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    model.init_weights()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def make_batch(size, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def words(*shape):
        ids = torch.randint(104, VOCAB, shape, generator=generator)
        ids[..., 0] = 101
        return ids

    samples = []
    for i in range(size):
        ids, mask = words(L), torch.ones(L, dtype=torch.int64)
        ids[L - 1 - i % 2], ids[L - i % 2:] = 102, 0
        mask[L - i % 2:] = 0
        hidden, labels = ids.clone(), torch.full((L, ), -1)
        hidden[2], labels[2] = 103, ids[2]
        sample = ActionDataSample().set_gt_label(i % C)
        sample.set_metainfo(dict(sample_idx=i, video_id=f'video{i}'))
        sample.set_data(
            dict(
                text_ids=ids,
                text_mask=mask,
                masked_text_ids=hidden,
                mlm_labels=labels,
                option_ids=words(C, L),
                option_mask=torch.ones(C, L, dtype=torch.int64)))
        samples.append(sample)
    frames = torch.randn(size, 1, 3, T, SIZE, SIZE, generator=generator)
    return frames, samples
