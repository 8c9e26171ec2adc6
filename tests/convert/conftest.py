import os
import re
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'convert'))


def find(name):
    folders = (ROOT / 'tests' / 'data' / 'parity',
               ROOT.parent / 'shared' / 'fixtures')
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    reason = f'{name} is in none of {[str(folder) for folder in folders]}'
    if os.environ.get('CI'):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def fixture_path():
    return find


@pytest.fixture
def violet_fixture():
    return find('violet_qaoe_a.pt')


@pytest.fixture
def univl_fixture():
    return find('univl_a.pt')


@pytest.fixture
def all_in_one_fixture():
    return find('all_in_one_a.pt')


@pytest.fixture(params=['qaoe', 'qamc', 'retrieval'])
def every_violet_fixture(request):
    return find(f'violet_{request.param}_a.pt')


@pytest.fixture
def univl_training_fixture():
    return find('univl_train.pt')


@pytest.fixture
def all_in_one_training_fixture():
    return find('all_in_one_train.pt')


def official_weights(model):
    """Official weights of the published size; all values are one zero."""
    path = ROOT / 'tests' / 'models' / model / 'official_keys.txt'
    weights = {}
    for line in path.read_text().splitlines():
        if not line.startswith('#'):
            key, shape = re.fullmatch(
                r'(?:[PAB] )?(\S+) \(([\d, ]*)\)', line).groups()
            sizes = [int(n) for n in shape.split(',') if n]
            weights[key] = torch.zeros(1).expand(sizes)
    return weights


@pytest.fixture
def published():
    return official_weights
