import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope='session')
def mosi(tmp_path_factory):
    """A tiny toy CMU-MOSI: do not write."""
    from meltr_mm.toyworld import write_cmu_mosi
    folder = tmp_path_factory.mktemp('toy') / 'cmu_mosi'
    write_cmu_mosi(str(folder), sizes=dict(train=36, val=7, test=4))
    return folder
