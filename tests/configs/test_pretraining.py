"""The configs that pre-train, and the fine-tuning that their headers name."""
import re
from argparse import ArgumentParser

import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from toy_configs import CONFIGS, tiny_config

from meltr_mm.config import completed

NAMES = sorted(file.stem for file in CONFIGS.glob('pretrain_*.py'))


@pytest.mark.parametrize('name', NAMES)
def test_a_pretrained_model_is_fine_tuned(name, roots, tmp_path):
    cfg = tiny_config(name, roots, tmp_path)
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=3)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.optim_wrapper.meta_steps == 0
    trained = runner.model.model.state_dict()

    header = (CONFIGS / f'{name}.py').read_text().partition('_base_')[0]
    command = ' '.join(header.replace('#', ' ').replace('\\', ' ').split())
    leaf, options = re.search(
        r'train.py configs/toy/(meltr_\w+).py --cfg-options (.*?)\.pth',
        command).groups()
    assert leaf == name.replace('pretrain', 'meltr')
    parser = ArgumentParser()
    parser.add_argument('--options', nargs='+', action=DictAction)
    options = parser.parse_args(['--options', *options.split()]).options
    epochs = Config.fromfile(CONFIGS / f'{name}.py').train_cfg.max_epochs
    assert options.pop('load_from') == (
        f'work_dirs/toy/{name}/epoch_{epochs}')
    cfg = tiny_config(leaf, roots, tmp_path / 'tuned')
    cfg.merge_from_dict(options)
    cfg.load_from = str(tmp_path / 'iter_3.pth')
    assert "'indices': 200" in repr(completed(cfg).train_dataloader.to_dict())
    runner = Runner.from_cfg(cfg)
    runner.load_or_resume()
    # From the primary loss, but for multiple choice: from the sum.
    assert runner.model.meltr.weight_sum == (3 if 'mc' in name else 1)
    loaded = runner.model.model.state_dict()
    shared = trained.keys() & loaded.keys()
    assert len(shared) > 0.8 * len(loaded)
    for key in shared:
        assert torch.equal(trained[key], loaded[key]), key
