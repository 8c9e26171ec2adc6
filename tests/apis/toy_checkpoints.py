"""Checkpoints of untrained models, in the form that a run writes."""
import json
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from meltr_mm.apis.targets import model_config_of

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'toy'
VOCAB = ['red', 'blue', 'one', 'two', 'left']


def toy_config(name, data, root):
    """A toy config whose data lie somewhere else."""
    text = json.dumps(Config.fromfile(CONFIGS / f'meltr_{name}.py').to_dict())
    return Config(json.loads(text.replace(f'data/toy/{data}', str(root))))


def save_checkpoint(cfg, path, seed=0, **meta):
    """What a run writes, with random weights of the bare model."""
    torch.manual_seed(seed)
    config = model_config_of(cfg)
    model = MODELS.build(config)
    wrapped = {f'model.{k}': v for k, v in model.state_dict().items()}
    wrapped['meltr.fc1.weight'] = torch.zeros(1)
    torch.save(dict(state_dict=wrapped,
                    meta=dict(cfg=cfg.pretty_text, **meta)), path)
    return str(path)


def all_in_one_config(target, root):
    """A small All-in-one on videos of the toy MSRVTT."""
    head = dict(qa=dict(num_answers=len(VOCAB)), mc=dict(),
                itc=dict(shared_dim=8))[target]
    text = dict(type='TokenizeText', tokenizer='minilm', max_length=12,
                key='question' if target == 'qa' else 'caption')
    if target == 'mc':
        text = dict(type='TokenizeOptions', tokenizer='minilm', max_length=12)
    pipeline = [
        dict(type='DecordInit'),
        dict(type='SampleFramesBySegment', clip_len=3),
        dict(type='DecordDecode'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'),
        *([dict(type='PickCaption', random=False)] if target == 'itc' else []),
        text,
        dict(type='PackActionInputs', algorithm_keys=(
            'text_ids', 'text_mask', 'option_ids', 'option_mask')),
    ]
    return Config(dict(
        model=dict(
            type='AllInOne', heads={target: head}, target=target,
            vit=dict(num_frames=3, img_size=32, patch_size=8, num_heads=2,
                     num_layers=2),
            bert=dict(vocab_size=30522, hidden_size=32,
                      num_attention_heads=2, max_position_embeddings=12),
            data_preprocessor=dict(
                type='ActionDataPreprocessor', mean=[123., 116., 103.],
                std=[58., 57., 57.], format_shape='NCTHW')),
        test_dataloader=dict(dataset=dict(
            type='MSRVTTRetrievalDataset', data_root=str(root),
            ann_file='txt_msrvtt-retrieval.json', split='test',
            test_mode=True, pipeline=pipeline))))
