"""The tiny model and the official weights of each folder.

A folder's conftest.py has the fixture `tiny`: a module with CONFIG, build()
and make_batch().
"""
import copy
import re

import pytest
import torch

pytest.register_assert_rewrite('model_contract')


@pytest.fixture
def config(tiny):
    return copy.deepcopy(tiny.CONFIG)


@pytest.fixture
def model(tiny, config):
    return tiny.build(config)


@pytest.fixture(scope='module')
def official(request):
    """Official weights of the published size, as far as names and shapes."""
    weights = {}
    for line in (request.path.parent / 'official_keys.txt').open():
        if not line.startswith('#'):
            # Some lists have the kind of the entry in front.
            key, shape = re.fullmatch(
                r'(?:[PAB] )?(\S+) \(([\d, ]*)\)\n', line).groups()
            sizes = [int(n) for n in shape.split(',') if n]
            weights[key] = torch.empty(sizes, device='meta')
    return weights
