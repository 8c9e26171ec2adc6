"""A UniVL of a few thousand weights, and batches for it."""
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

import meltr_mm  # noqa: F401

W, F, D, H, VOCAB = 7, 5, 12, 32, 130
CLS, SEP, MASK = 101, 102, 103

CONFIG = dict(
    type='UniVL',
    task=dict(type='UniVLRetrieval'),
    bert=dict(
        vocab_size=VOCAB,
        hidden_size=H,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=12,
        hidden_dropout_prob=0.,
        attention_probs_dropout_prob=0.),
    feature_dim=D,
    video_layers=1,
    cross_layers=1,
    decoder_layers=2,
    max_frames=6,
    max_pair_length=14,
    data_preprocessor=dict(type='ActionDataPreprocessor'))


def build(config):
    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    for name, parameter in model.named_parameters():
        # Larger than N(0, 0.02), so that outputs differ between inputs.
        is_scale = name.endswith(('LayerNorm.weight', 'norm.weight'))
        torch.nn.init.normal_(parameter, float(is_scale), std=0.3)
    return model


def make_batch(size, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def words(number):
        return torch.randint(104, VOCAB, (number, ), generator=generator)

    samples = []
    for i in range(size):
        length = 2 + (i + 1) % (W - 2)  # [CLS], one word or more, [SEP]
        ids = torch.zeros(W, dtype=torch.int64)
        ids[:length + 1] = torch.cat(
            [torch.tensor([CLS]), words(length - 1), torch.tensor([SEP])])
        hidden, word_labels = ids.clone(), torch.full((W, ), -1)
        hidden[1], word_labels[1] = MASK, ids[1]
        frames = 1 + i % F
        frame_labels = torch.full((F, ), -1)
        frame_labels[i % frames] = i % frames
        caption = words(length - 1)
        sample = ActionDataSample()
        sample.set_metainfo(dict(sample_idx=i, video_id=f'video{i}'))
        sample.set_data(
            dict(
                text_ids=ids,
                text_mask=(ids != 0).long(),
                video_mask=(torch.arange(F) < frames).long(),
                masked_text_ids=hidden,
                mlm_labels=word_labels,
                mfm_labels=frame_labels,
                caption_ids=padded([CLS, *caption]),
                caption_labels=padded([*caption, SEP]),
                caption_mask=(torch.arange(W) < length).long(),
                sentiment=torch.randn(1, generator=generator)))
        samples.append(sample)
    return torch.randn(size, F, D, generator=generator), samples


def padded(ids):
    result = torch.zeros(W, dtype=torch.int64)
    result[:len(ids)] = torch.as_tensor(ids)
    return result
