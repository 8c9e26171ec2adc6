"""Every shipped config has a toy twin, and that builds."""
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
