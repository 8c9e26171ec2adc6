import gc
import logging
import os
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import config as mmengine_config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from transformers import BertModel

import meltr_mm  # noqa: F401  registers everything

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = (ROOT / 'tests' / 'data' / 'parity',
            ROOT.parent / 'shared' / 'fixtures')

# As `default_scope = 'mmaction'` does in every config.
init_default_scope('mmaction')
# yapf takes seconds to fold a config with long paths, and a Runner asks it
# four times. What is not folded is as good a config; scripts that run in
# processes of their own fold theirs.
mmengine_config.FormatCode = lambda text, **kwargs: (text, False)

# What takes longest comes first, so that no process is left with it at the
# end. (pytest-xdist would begin with the files of the most tests.)
LONGEST = ('test_full_size', 'test_data_page_commands',
           'test_distributed_scripts', 'test_scripts', 'test_toy_steps',
           'test_univl_runner', 'test_faults', 'test_two_processes',
           'test_compat', 'test_kill_nine', 'test_captioning',
           'test_packaging', 'test_resume', 'test_fourth_model')


def pytest_configure(config):
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


def pytest_collection_finish():
    # Each data set collects garbage, and what is imported is never any; nor
    # is it then copied by a forked process that does.
    gc.collect()
    gc.freeze()


@pytest.fixture
def needs_fused_attention():
    """Skips with the transformers releases whose BERT has none."""
    if not getattr(BertModel, '_supports_sdpa', False):
        pytest.skip('BERT of this transformers has no fused attention')


@pytest.fixture(autouse=True)
def draws_of_its_own(request):
    """A test draws the same whatever ran before it, so that a failure comes
    back; runs without a seed draw theirs from numpy's generator."""
    seed = zlib.crc32(request.node.nodeid.encode())
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@pytest.fixture(autouse=True)
def logging_as_before():
    """Tools that a test runs in this process may switch logging off."""
    disabled = logging.root.manager.disable
    yield
    logging.disable(disabled)


@pytest.fixture
def warnings():
    """What is logged as a warning."""
    records = []

    class Keep(logging.Handler):

        def emit(self, record):
            records.append(record.getMessage())

    # Runners and tools of other tests in this process may have been quieter.
    disabled, logger = logging.root.manager.disable, \
        MMLogger.get_current_instance()
    level = logger.level
    logging.disable(logging.NOTSET)
    logger.setLevel(min(level, logging.WARNING))
    handler = Keep(level=logging.WARNING)
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)
    logger.setLevel(level)
    logging.disable(disabled)


@pytest.fixture(scope='session')
def toy_root(tmp_path_factory):
    """A tiny MSVD-QA of the toy world, shared by all tests: do not write."""
    from meltr_mm.toyworld import write_msvd_qa
    root = tmp_path_factory.mktemp('toy') / 'msvd_qa'
    write_msvd_qa(str(root), sizes=dict(train=10, val=4, test=5))
    return root


@pytest.fixture(scope='session')
def toy_tgif_root(tmp_path_factory):
    """A tiny TGIF-QA of the toy world, shared by all tests: do not write."""
    from meltr_mm.toyworld import write_tgif_qa
    root = tmp_path_factory.mktemp('toy') / 'tgif_qa'
    write_tgif_qa(str(root), sizes=dict(train=10, val=2, test=3))
    return root


@pytest.fixture(scope='session')
def toy_msrvtt_root(tmp_path_factory):
    """A tiny MSRVTT of the toy world, shared by all tests: do not write."""
    from meltr_mm.toyworld import write_msrvtt
    root = tmp_path_factory.mktemp('toy') / 'msrvtt'
    write_msrvtt(str(root), sizes=dict(train=9, val=3, test=4))
    return root


@pytest.fixture(scope='session')
def toy_data_root(toy_root, toy_tgif_root, toy_msrvtt_root, tmp_path_factory):
    """The three above under the names of the real ones: do not write.

    The videos of MSVD have its ending.
    """
    root = tmp_path_factory.mktemp('toy') / 'data'
    (root / 'msvd' / 'videos').mkdir(parents=True)
    (root / 'tgif').symlink_to(toy_tgif_root)
    (root / 'msrvtt').symlink_to(toy_msrvtt_root)
    for path in toy_root.iterdir():
        if path.is_file():
            (root / 'msvd' / path.name).symlink_to(path)
    for path in (toy_root / 'videos').iterdir():
        (root / 'msvd' / 'videos' / f'{path.stem}.avi').symlink_to(path)
    return root


@pytest.fixture(scope='session')
def toy_feature_root(tmp_path_factory):
    """A folder of tiny toy data sets for UniVL, by name: do not write."""
    from meltr_mm.toyworld import (
        write_cmu_mosi,
        write_msrvtt_feature,
        write_youcook2,
    )
    root = tmp_path_factory.mktemp('toy')
    for write in (write_youcook2, write_msrvtt_feature, write_cmu_mosi):
        write(str(root / write.name), sizes=dict(train=12, val=3, test=4))
    return root


@pytest.fixture(scope='session')
def load_fixture():
    """Load a parity fixture, or skip (fail under CI) where it is missing."""

    def load(name):
        given = os.environ.get('PARITY_FIXTURES')  # tools/convert/parity.py
        for folder in (*([Path(given)] if given else ()), *FIXTURES):
            if (folder / name).is_file():
                return torch.load(folder / name, weights_only=True)
        message = f'the parity fixture {name} is in none of {FIXTURES}'
        if os.environ.get('CI'):
            pytest.fail(message)
        pytest.skip(message)

    return load
