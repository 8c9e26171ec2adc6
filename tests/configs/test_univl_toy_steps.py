"""Each toy config of UniVL: a few training steps and an evaluation."""
import json
import math
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'toy'


@pytest.mark.parametrize('name, data, metric', [
    ('youcook2_retrieval', 'youcook2', 'val/t2i/retrieval/R@1'),
    ('msrvtt7k_retrieval', 'msrvtt_feature', 'val/t2i/retrieval/R@1'),
    ('msrvtt9k_retrieval', 'msrvtt_feature', 'val/t2i/retrieval/R@1'),
    ('youcook2_captioning', 'youcook2', 'val/caption/CIDEr'),
    ('msrvtt_captioning', 'msrvtt_feature', 'val/caption/CIDEr'),
    ('mosi', 'cmu_mosi', 'val/sentiment/Acc-2_has0'),
])
def test_steps(name, data, metric, toy_feature_root, tmp_path, monkeypatch):
    # METEOR takes seconds to start.
    monkeypatch.setattr('shutil.which', lambda name: None)
    root = toy_feature_root / data
    cfg = Config.fromfile(CONFIGS / f'meltr_univl_{name}.py').to_dict()
    cfg = Config(
        json.loads(json.dumps(cfg).replace(f'data/toy/{data}', str(root))))
    cfg.work_dir = str(tmp_path)
    cfg.train_dataloader.batch_size = 2
    cfg.optim_wrapper.meta_dataloader.batch_size = 1
    cfg.param_scheduler = None
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=3, val_interval=3)
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars[metric].current())
    assert all(math.isfinite(value)
               for value in scalars['train/loss'].data[0])
    # Updates 1 to 3, and the first meta step follows the first: begin is 1.
    assert runner.optim_wrapper.meta_steps == 1
    for loss in cfg.model.losses:
        assert f'train/weight/{loss}' in scalars
