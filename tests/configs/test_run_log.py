"""What is on the console of a run, and what is in its files."""
import json
import logging
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import MODEL_WRAPPERS, RUNNERS
from mmengine.runner import LogProcessor
from shared_trunk import TASKS, SharedTrunk
from torch import nn
from toy_configs import tiny_config

from meltr_mm.meltr import MELTRWrapper
from meltr_mm.run_log import RunLogHook, TaskLogProcessor


@pytest.fixture
def config(request, toy_feature_root, tmp_path):
    roots = {path.name: path for path in toy_feature_root.iterdir()}
    cfg = tiny_config('univl_mosi', roots, tmp_path, held_out=request.param)
    cfg.train_dataloader.batch_size = 5
    cfg.optim_wrapper.update(begin=1, interval=2)
    cfg.default_hooks.checkpoint = None
    cfg.log_level = 'INFO'
    return cfg


@pytest.mark.parametrize('loop, where, config, texts', [
    (dict(by_epoch=True, max_epochs=2, val_interval=2), 'Epoch {}/2 in ',
     False, ['on 10 earlier batches, ', '12 samples for training']),
    (dict(type='IterBasedTrainLoop', max_iters=2, val_interval=1),
     'Iteration {}/2 in ',
     True, ['on data that are kept out of training, ',
            '11 samples for training']),
], indirect=['config'])
def test_console_and_files(loop, where, config, texts, capsys, tmp_path,
                           monkeypatch):
    monkeypatch.setattr(logging.root.manager, 'disable', logging.NOTSET)
    config.train_cfg = loop
    config.resume = True  # but there is nothing
    config.log_processor.by_epoch = loop.get('by_epoch', False)
    RUNNERS.build(config).train()
    console = capsys.readouterr().out
    start, *lines = console.split('Training UniVL with MELTR\n')[1].split(
        '(train) ')
    assert 'System environment' not in console
    assert 'paramwise_options' not in console
    assert len(console.splitlines()) < 35
    # The header.
    for text in ('no checkpoint loaded', 'losses ',
                 'loss_sentiment (primary), loss_joint',
                 'MELTR (', 'a meta step every 2 updates ', ', estimator ',
                 'in batches of 5', '3 for validation', '--resume',
                 'be negative', str(tmp_path), *texts):
        assert text in start, text
    # A line of training.
    fields = lines[0].splitlines()[0].split('  ')
    assert 8 <= len([field for field in fields if field]) <= 14
    assert any(field.startswith('loss_sentiment (primary): ') and ' x ' in
               field for field in fields)
    # The epochs.
    for number in (1, 2):
        line, = (line for line in console.splitlines()
                 if where.format(number) in line)
        assert 'shares of the weights: ' in line
        evaluated = number % loop['val_interval'] == 0
        assert ('validation sentiment/MAE' in line) == evaluated
    assert '(before: ' in line and 'meta steps so far' in line
    # The files keep all.
    log, = tmp_path.glob('*/*.log')
    text = log.read_text()
    assert 'System environment' in text and 'paramwise_options' in text
    dump, = tmp_path.glob('*/vis_data/config.py')
    assert Config.fromfile(dump).model == config.model
    rows = [json.loads(row) for row in (
        dump.parent / 'scalars.json').read_text().splitlines()]
    assert any({'loss', 'grad_norm', 'meta_lr', 'weight/loss_mlm'} <= set(row)
               for row in rows)


def stub(model, **scalars):
    hub = MessageHub.get_instance(f'log_{id(scalars)}')
    for name, value in scalars.items():
        hub.update_scalar(f'train/{name}', value)
    return SimpleNamespace(
        model=model, message_hub=hub, iter=9, epoch=0, max_epochs=2,
        train_loop=SimpleNamespace(dataloader=range(20)),
        _train_loop=SimpleNamespace())


@MODEL_WRAPPERS.register_module(force=True)
class Sharded(nn.Module):
    """As FSDP is: a wrapper in which MELTR could not be trained."""

    def __init__(self):
        super().__init__()
        self.module = SharedTrunk()


@pytest.mark.parametrize('model', [SharedTrunk, Sharded])
def test_a_run_without_meltr_is_mmengines(model):
    said = []
    runner = stub(model(), loss=2., lr=.1)
    runner.logger = SimpleNamespace(info=said.append)
    line, = {cls().get_log_after_iter(runner, 9, 'train')[1]
             for cls in (TaskLogProcessor, LogProcessor)}
    assert 'loss: 2.0000' in line
    hook = RunLogHook()
    hook.before_train(runner)
    hook.after_train_epoch(runner)
    hook.after_val_epoch(runner, dict(accuracy=1.))
    hook.after_train(runner)
    assert not said


def test_of_many_losses_those_that_count():
    names = [*TASKS, *'defgh']
    model = MELTRWrapper(SharedTrunk(), dict(type='PlainSum'), TASKS, 'loss_c')
    model.losses = names
    weights = dict.fromkeys(names, .1)
    weights.update(e=-2., loss_c=0.)
    runner = stub(model, loss=-1., **dict.fromkeys(names, 3.),
                  **{f'weight/{name}': value
                     for name, value in weights.items()})
    tag, line = TaskLogProcessor().get_log_after_iter(runner, 9, 'train')
    assert 'M: -1' in line and 'loss_c (primary): 3 x 0' in line
    assert 'e: 3 x -2' in line and 'and 3 more' in line
    assert line.count(' x ') == 5 and set(names) < set(tag)
