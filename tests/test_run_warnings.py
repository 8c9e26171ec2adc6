"""Random weights where others were meant, and texts that are all the same."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.structures import BaseDataElement

from meltr_mm.run_warnings import RunWarningsHook


def runner(iteration=0, **cfg):
    return SimpleNamespace(cfg=Config(cfg), iter=iteration,
                           logger=MMLogger.get_current_instance())


@pytest.mark.parametrize('starts_from, cfg, said', [
    ('the file of X', {}, True),
    ('the file of X', dict(load_from='x.pth'), False),
    ('the file of X', dict(resume=True), False),
    ('the file of X', dict(model=dict(model=dict(pretrained_bert='b'))),
     False),
    ('the file of X', dict(model=dict(model=dict(pretrained_bert=None))),
     True),
    ('the file of X', dict(model=dict(init_cfg=[dict(type='Pretrained')])),
     False),
    (None, {}, False),
])
def test_random_weights(starts_from, cfg, said, warnings):
    RunWarningsHook(starts_from).before_train(runner(**cfg))
    assert len(warnings) == said
    if said:
        assert 'random weights' in warnings[0]
        assert 'the file of X' in warnings[0]
        assert 'load_from' in warnings[0] and '.md' in warnings[0]


def test_not_in_the_middle_of_a_run(warnings):
    RunWarningsHook('X').before_train(runner(iteration=7))
    assert not warnings


def batch(*texts):
    samples = []
    for text in texts:
        samples.append(BaseDataElement(text_ids=torch.tensor(text)))
    return dict(inputs=[], data_samples=samples)


def test_equal_texts_are_said_once(warnings):
    hook, run = RunWarningsHook(), runner()
    for texts in ([[1, 2], [1, 3]], [[1, 2]], []):
        hook.before_train_iter(run, 0, batch(*texts))
    hook.before_train_iter(run, 0, dict(inputs=[]))
    hook.before_train_iter(run, 0, None)
    assert not warnings
    for _ in range(2):
        hook.before_train_iter(run, 0, batch([1, 2], [1, 2], [1, 2]))
    message, = warnings
    assert message.startswith('All 3 texts of this batch are the same')
