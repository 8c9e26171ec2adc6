"""Every shipped config: header, twin, and whether it builds."""
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


@pytest.mark.parametrize('file', FULL + TOY, ids=lambda f: f.stem)
def test_opens_with_its_command_and_data(file):
    header = re.match(r'(#.*\n)+', file.read_text()).group()
    command = f'python tools/train.py {file.relative_to(ROOT)}'
    assert command in header
    assert 'Data:' in header or 'make_toyworld' in header


@pytest.mark.parametrize('file', TOY, ids=lambda f: f.stem)
def test_toy_config_builds(file):
    model = MODELS.build(Config.fromfile(str(file)).model)
    assert model.meltr.num_tasks == len(model.losses)


def test_metafile_lists_every_config():
    text = (ROOT / 'configs' / 'metafile.yml').read_text()
    for file in FULL:
        assert f'Config: configs/{file.name}' in text
