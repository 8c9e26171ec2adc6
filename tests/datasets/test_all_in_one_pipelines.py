"""How the shipped configs of All-in-one read videos and evaluate."""
import os
import shutil
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


def load(name, root):
    """A config with a small model, on toy data."""
    cfg = Config.fromfile(CONFIGS / f'meltr_all_in_one_{name}.py')
    cfg.model.model.vit.update(num_layers=2, num_heads=2)
    cfg.model.model.bert.update(hidden_size=32, num_attention_heads=2)
    cfg.merge_from_dict(dict(data_root=str(root), tokenizer='minilm'))
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(
            batch_size=2, num_workers=0, persistent_workers=False)
    return cfg


def test_frames_are_random_in_training_only(toy_msrvtt_root):
    cfg = load('msrvtt7k_retrieval', toy_msrvtt_root)
    train, test = (DATASETS.build(cfg[f'{split}_dataloader'].dataset)
                   for split in ('train', 'test'))
    assert not torch.equal(train[0]['inputs'], train[0]['inputs'])
    assert torch.equal(test[0]['inputs'], test[0]['inputs'])


def test_official_evaluation_of_three_random_clips(toy_msrvtt_root, tmp_path):
    cfg = load('msrvtt7k_retrieval', toy_msrvtt_root)
    cfg.work_dir = str(tmp_path)
    cfg.merge_from_dict({
        'test_inputs.random_frames': True, 'test_inputs.num_clips': 3})
    runner = Runner.from_cfg(cfg)
    metrics = runner.test()
    assert 1 <= metrics['t2i/retrieval/MeanR'] <= 4
    assert 1 <= metrics['i2t/retrieval/MeanR'] <= 4
    clips = runner.test_dataloader.dataset[0]['inputs']
    assert clips.shape == (3, 3, 3, 224, 224)
    assert not torch.equal(clips[0], clips[1])


def test_broken_video_ends_the_run(toy_msrvtt_root, tmp_path):
    root = tmp_path / 'msrvtt'
    shutil.copytree(toy_msrvtt_root, root)
    cfg = load('msrvtt7k_retrieval', root)
    for split, video in (('train', 'video2'), ('val', 'video14')):
        os.truncate(root / 'videos' / f'{video}.mp4', 100)
        dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        with pytest.raises(ValueError, match=f'{video}.*cannot be decoded'):
            dataset[2]
