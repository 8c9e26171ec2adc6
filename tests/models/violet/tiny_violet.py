"""A VIOLET of a few thousand weights, and batches for it."""
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

import meltr_mm  # noqa: F401

T, H, W, X, CODES, ANSWERS, VOCAB = 2, 64, 96, 6, 12, 5, 130

CONFIG = dict(
    type='Violet',
    task=dict(type='VioletOpenEndedQA', num_answers=ANSWERS, dropout=0.),
    video_encoder=dict(
        swin=dict(
            arch=dict(
                embed_dims=4, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2]),
            window_size=(2, 3, 3),
            drop_path_rate=0.),
        num_positions=10,
        max_frames=3),
    bert=dict(
        vocab_size=VOCAB,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=X,
        hidden_dropout_prob=0.,
        attention_probs_dropout_prob=0.),
    num_codes=CODES,
    head_dropout=0.,
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW'))


def build(config):
    """A model with the weights of its construction."""
    torch.manual_seed(0)
    return MODELS.build(config).eval()


def make_batch(size, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def integers(high, *shape):
        return torch.randint(1, high, shape, generator=generator)

    h, w = H // 32, W // 32
    samples = []
    for i in range(size):
        ids = 103 + integers(VOCAB - 103, X)
        ids[0] = 101
        hidden, word_labels = ids.clone(), torch.full((X, ), -1)
        hidden[2], word_labels[2] = 103, ids[2]
        patch_mask = torch.zeros(T, h, w, dtype=torch.bool)
        patch_mask[i % T, 0, 1] = True
        codes = torch.full((T, 1 + h * w), -1)
        codes[:, 1:][patch_mask.flatten(1)] = integers(CODES, 1)
        sample = ActionDataSample().set_gt_label(i % ANSWERS)
        sample.set_data(
            dict(
                text_ids=ids,
                text_mask=torch.ones(X, dtype=torch.int64),
                masked_text_ids=hidden,
                mtm_labels=word_labels,
                mvm_labels=codes.flatten(),
                patch_mask=patch_mask))
        samples.append(sample)
    frames = torch.randn(size, 1, 3, T, H, W, generator=generator)
    return frames, samples
