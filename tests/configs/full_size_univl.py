"""UniVL's full-size configs at their full sizes, on any machine.

Nothing is overridden but paths, batch size, the workers, iteration count and
the length of the captions that are searched: an untrained model never ends
one.
"""
import shutil
from pathlib import Path

import pytest
import torch
from full_size_violet import IN_PROCESS, LONG, TWIN
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.runner import Runner
from univl_files import write
from zip_equal import zip_equal

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# What the losses read beside the pair itself.
FOR_LOSSES = ('masked_text_ids', 'mlm_labels', 'mfm_labels', 'caption_ids',
              'caption_labels', 'caption_mask')
FIRST = 'model.text_encoder.layers.layer.0.output.dense.weight'


def load(name, data_set, root):
    data = write(data_set, root)
    cfg = Config.fromfile(str(CONFIGS / f'meltr_univl_{name}.py'))
    cfg.work_dir = str(root / 'work')
    cfg.merge_from_dict(dict(data_root=str(data), tokenizer='minilm'))
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(IN_PROCESS, batch_size=2)
    cfg.param_scheduler = None  # its length is that of epochs
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=1, val_interval=1)
    return cfg


@pytest.mark.parametrize('name, data_set, size', [
    pytest.param('msrvtt9k_retrieval', 'msrvtt', (48, 48), marks=LONG),
    pytest.param('msrvtt_captioning', 'msrvtt', (48, 48), marks=LONG),
    ('mosi', 'cmu_mosi', (50, 50)),
    pytest.param('youcook2_retrieval', 'youcook2', (48, 48), marks=TWIN),
    pytest.param('msrvtt7k_retrieval', 'msrvtt', (48, 48), marks=TWIN),
    pytest.param('youcook2_captioning', 'youcook2', (128, 96), marks=TWIN),
])
def test_univl(name, data_set, size, tmp_path, monkeypatch):
    # METEOR takes seconds to start.
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    cfg = load(name, data_set, tmp_path)
    task = cfg.model.model.task
    if 'max_length' in task:
        assert task.max_length == size[0]
        task.max_length = 3
    hook = cfg.default_hooks.checkpoint
    # Gigabytes otherwise.
    cfg.default_hooks.checkpoint = None
    runner = Runner.from_cfg(cfg)
    model = runner.model
    sample = next(iter(runner.build_dataloader(cfg.train_dataloader)))
    sample = sample['data_samples'][0]
    assert (len(sample.text_mask), len(sample.video_mask)) == size
    # All of the official model but its two unused poolers.
    assert sum(p.numel() for p in model.model.parameters()) > 198e6
    before = model.get_parameter(FIRST).clone()
    phi = model.meltr.fc1.weight.clone()
    runner.train()
    assert not torch.equal(before, model.get_parameter(FIRST))
    assert not torch.equal(phi, model.meltr.fc1.weight)
    assert torch.isfinite(model.last_losses).all()
    assert len(model.last_losses) == len(cfg.model.losses)
    assert runner.optim_wrapper.updates == runner.optim_wrapper.meta_steps == 1
    scalars = runner.message_hub.log_scalars
    assert f'val/{hook.save_best}' in scalars


@pytest.mark.parametrize('name, data_set, trained, videos, size', [
    ('youcook2_retrieval', 'youcook2', 'msrvtt9k_retrieval', 'ab', (48, 48)),
    ('msrvtt7k_retrieval', 'msrvtt', 'msrvtt9k_retrieval',
     ['video0', 'video7010'], (48, 48)),
    ('youcook2_captioning', 'youcook2', 'msrvtt_captioning', 'ab',
     (128, 96)),
])
def test_univl_of_a_size_that_is_trained_above(name, data_set, trained,
                                               videos, size, tmp_path):
    """Model and training are another's but for the rate; the data its own."""
    words, frames = size
    cfg = load(name, data_set, tmp_path)
    other = Config.fromfile(str(CONFIGS / f'meltr_univl_{trained}.py'))
    other.merge_from_dict(dict(tokenizer='minilm'))
    # Of captions: as many tokens as a text has.
    assert cfg.model.model.task.pop('max_length', words) == words
    other.model.model.task.pop('max_length', None)
    for config in (cfg, other):
        config.optim_wrapper.optimizer.pop('lr')
    for key in ('model', 'optim_wrapper', 'val_cfg', 'test_cfg',
                'val_evaluator', 'test_evaluator', 'default_hooks'):
        assert cfg[key] == other[key]
    for split, video in zip_equal(('train', 'val'), videos):
        dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        assert len(dataset) == 2
        packed = dataset[0]
        assert packed['inputs'].shape == (frames, 1024)
        sample = packed['data_samples']
        assert sample.video_id == video and len(sample.references) == 1
        assert sample.text_ids.shape == (words, )
        assert sample.video_mask.shape == (frames, )
        assert all((field in sample) == (split == 'train')
                   for field in FOR_LOSSES)
    assert cfg.test_dataloader == cfg.val_dataloader
