"""What looks wrong in a run: weights, objective, and what it starts from."""
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.structures import BaseDataElement
from shared_trunk import TASKS, SharedTrunk

from meltr_mm import health
from meltr_mm.health import RunWarningsHook
from meltr_mm.meltr import MELTRWrapper

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'


def healthy(i):
    return [1., .5 + 1e-3 * i, .1]


def run(weights, monkeypatch, objective=lambda i: 10. - i, steps=True,
        iterations=60):
    said = []
    monkeypatch.setattr(
        health, 'print_log', lambda text, *args: said.append(text))
    hub = MessageHub.get_instance(f'health_{id(said)}')
    runner = SimpleNamespace(
        model=MELTRWrapper(SharedTrunk(), dict(type='PlainSum'), TASKS,
                           TASKS[0]),
        optim_wrapper=SimpleNamespace(meta_steps=0), message_hub=hub)
    hook = health.MELTRHealthHook(patience=6, interval=2)
    for i in range(iterations):
        runner.iter = i
        runner.optim_wrapper.meta_steps = i if steps else 0
        hub.update_scalar('train/meta_objective', objective(i))
        hook.after_train_iter(runner, i, outputs={
            f'weight/{name}': torch.tensor(weight)
            for name, weight in zip(TASKS, weights(i))})
    return said


@pytest.mark.parametrize('weights,expected', [
    (lambda i: [-.1, 1., 1. + i], 'loss_a has been negative for 6 iter'),
    (lambda i: [1e-4, -1e-5, i * 1e-6], 'below 0.001 for 6 iterations'),
    (lambda i: [1., 1., 1.], 'not moved for 6 iterations'),
    (lambda i: [1. + i % 2 * 2e-7, 100., .1], 'not moved for 6 iterations'),
])
def test_each_trouble_is_said_once(weights, expected, monkeypatch):
    said = run(weights, monkeypatch)
    assert len(said) == 1 and expected in said[0]


def test_nothing_is_said_of_a_healthy_run(monkeypatch):
    assert run(healthy, monkeypatch) == []
    # Now and then is not for good, and fixed weights do not move.
    assert run(lambda i: [(-1.)**(i // 4), 1., i], monkeypatch) == []
    assert run(lambda i: [1., 1., 1.], monkeypatch, steps=False) == []


def test_an_objective_that_does_not_fall(monkeypatch):
    said, = run(healthy, monkeypatch, objective=lambda i: 2. + i % 2)
    assert 'does not fall: 3 in the first, 3 in the last 6 iter' in said
    # It is judged after ten times the patience.
    assert not run(healthy, monkeypatch, lambda i: 2., iterations=58)


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
    assert 'leave them out of model.losses' in message


@pytest.mark.parametrize('config, spoilt', [
    ('meltr_univl_youcook2_captioning', False),
    ('meltr_univl_youcook2_retrieval', True),
    ('official/meltr_univl_youcook2_captioning', True)])
def test_equal_texts_by_the_losses_of_a_config(config, spoilt, warnings):
    cfg = Config.fromfile(CONFIGS / f'{config}.py')
    run = runner(model=dict(losses=cfg.model.losses))
    RunWarningsHook().before_train_iter(run, 0, batch([1, 2], [1, 2]))
    message, = warnings
    assert ('cannot fall' in message) == spoilt
    assert ('none is spoilt' in message) != spoilt
