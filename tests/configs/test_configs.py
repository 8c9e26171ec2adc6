"""Every shipped config has a toy twin, and that builds."""
import re
from pathlib import Path

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
FULL = sorted((ROOT / 'configs').glob('meltr_*.py'))
TOY = sorted((ROOT / 'configs' / 'toy').glob('meltr_*.py'))


def test_each_config_has_its_toy_twin():
    assert FULL and [f.name for f in FULL] == [f.name for f in TOY]


@pytest.mark.parametrize('file', TOY, ids=lambda f: f.stem)
def test_toy_config_builds(file):
    model = MODELS.build(Config.fromfile(str(file)).model)
    assert model.meltr.num_tasks == len(model.losses)


def test_only_what_is_noisy_is_averaged():
    """MMEngine's own pattern finds `time` in `sentiment`."""
    base = ROOT / 'configs' / '_base_' / 'default_runtime.py'
    pattern = Config.fromfile(str(base)).log_processor.mean_pattern
    names = ['loss', 'loss_qa', 'time', 'data_time', 'grad_norm',
             'meta_grad_norm', 'meta_objective', 'sentiment/MAE',
             'qa/accuracy', 't2i/retrieval/R@1']
    assert [name for name in names if re.search(pattern, name)] == names[:7]
