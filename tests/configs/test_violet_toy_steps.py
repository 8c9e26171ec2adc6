"""Each toy config of VIOLET: a few training steps and an evaluation."""
import json
import math
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'toy'


@pytest.mark.parametrize('name, data, metric', [
    ('tgif_action', 'tgif_qa', 'val/qa/accuracy'),
    ('tgif_transition', 'tgif_qa', 'val/qa/accuracy'),
    ('tgif_frame', 'tgif_qa', 'val/qa/accuracy'),
    ('msrvtt7k_retrieval', 'msrvtt', 'val/t2i/retrieval/R@1'),
    ('msrvtt9k_retrieval', 'msrvtt', 'val/t2i/retrieval/R@1'),
])
def test_steps(name, data, metric, toy_tgif_root, toy_msrvtt_root, tmp_path):
    root = dict(tgif_qa=toy_tgif_root, msrvtt=toy_msrvtt_root)[data]
    cfg = Config.fromfile(CONFIGS / f'meltr_violet_{name}.py').to_dict()
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
    assert metric in scalars
    assert all(math.isfinite(value)
               for value in scalars['train/loss'].data[0])
    # One meta step: interval is 3.
    assert runner.optim_wrapper.meta_steps == 1
    for loss in cfg.model.losses:
        assert f'train/weight/{loss}' in scalars
