import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'convert'))


@pytest.fixture
def violet_fixture():
    return find('violet_qaoe_a.pt')


@pytest.fixture
def univl_fixture():
    return find('univl_a.pt')


@pytest.fixture
def all_in_one_fixture():
    return find('all_in_one_a.pt')


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
