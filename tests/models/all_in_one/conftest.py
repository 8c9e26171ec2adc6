import copy

import pytest
from tiny_all_in_one import CONFIG, build, make_batch


@pytest.fixture
def config():
    return copy.deepcopy(CONFIG)


@pytest.fixture
def model(config):
    return build(config)


@pytest.fixture
def batch():
    return make_batch(3)
