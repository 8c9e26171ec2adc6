"""What goes wrong in a training: one clear error, and nothing is lost.

Each run is a forked process with the toy config of CMU-MOSI.
"""
import os
import re
import resource
import shutil

import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from watched_training import Life, toy_config


class Run:
    """A run of two epochs in a folder, started as often as wanted."""

    def __init__(self, data, folder):
        self.data = data
        self.folder = folder
        self.log = folder / 'log.txt'

    def start(self, prepare=None, processes=1, edit=None, **kwargs):
        """Its exit statuses and what it printed."""
        cfg = toy_config(self.data, self.folder / 'work', 2, processes,
                         **kwargs)
        if edit is not None:
            edit(cfg)
        self.log.write_text('')
        life = Life(cfg, processes, True, self.log, prepare)
        return life.wait(timeout=120), self.log.read_text()

    def checkpoint(self, epoch):
        return torch.load(self.folder / 'work' / f'epoch_{epoch}.pth',
                          weights_only=True)

    def fails_in_second_epoch(self, *texts, **kwargs):
        """Start it: the last line is the error, and epoch 1 is whole."""
        statuses, output = self.start(**kwargs)
        assert statuses == [1], output[-3000:]
        last = re.split(r'^(?=\w+Error: )', output, flags=re.MULTILINE)[-1]
        for text in texts:
            assert text in last, last
        assert 'During handling of the above' not in output
        assert self.checkpoint(1)['meta']['epoch'] == 1
        work = os.listdir(self.folder / 'work')
        assert 'epoch_2.pth' not in work
        assert not [name for name in work if name.endswith('.part')]
        return output

    def goes_on(self, **kwargs):
        """Start it again: it resumes epoch 1 and ends."""
        statuses, output = self.start(**kwargs)
        assert statuses == [0], output[-3000:]
        state = self.checkpoint(2)
        assert state['meta']['epoch'] == 2
        assert all(torch.isfinite(t).all() for t in
                   state['state_dict'].values() if t.is_floating_point())
        return state


@pytest.fixture
def run(mosi, tmp_path):
    return Run(mosi, tmp_path)


@HOOKS.register_module()
class AfterFirstEpochHook(Hook):
    """Does something when the first epoch was saved and validated."""
    act = None

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            type(self).act()


def after_first_epoch(act):
    """Keyword arguments for a run in which that happens."""
    AfterFirstEpochHook.act = staticmethod(act)
    return dict(hooks=[dict(type='AfterFirstEpochHook')])


def test_full_disk(run):
    """The kernel refuses to write more than a part of the checkpoint."""

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    run.fails_in_second_epoch(
        'OSError', 'epoch_2.pth', 'untouched', 'Make room', '--resume',
        **after_first_epoch(fill))
    run.goes_on()


@TRANSFORMS.register_module()
class DyingTransform(BaseTransform):
    """Ends its process when a file is there."""

    def __init__(self, file):
        self.file = file

    def transform(self, results):
        if os.path.exists(self.file):
            os._exit(3)
        return results


def test_dead_worker(run):
    first = str(run.folder / 'work' / 'epoch_1.pth')

    def edit(cfg):
        cfg.train_dataloader.num_workers = 1
        cfg.train_dataloader.dataset.pipeline.insert(
            0, dict(type='DyingTransform', file=first))

    run.fails_in_second_epoch('RuntimeError: DataLoader worker', 'exit',
                              edit=edit)
    run.goes_on()


def test_feature_file_disappears(run):
    own = shutil.copytree(run.data, run.folder / 'data')
    run.data, file = own, own / 'mosi_s3d_features.pickle'
    run.fails_in_second_epoch(
        'FileNotFoundError', str(file),
        **after_first_epoch(lambda: file.rename(f'{file}.away')))
    os.rename(f'{file}.away', file)
    run.goes_on()


@HOOKS.register_module()
class PoisonHook(Hook):
    """Makes one task's loss NaN for some iterations, on the last process.

    At the end it saves the sum of each tensor of w and phi as it was after
    each iteration.
    """

    def __init__(self, iterations, processes, file=None):
        self.iterations = range(*iterations)
        self.poisons = get_rank() == processes - 1
        self.file = file
        self.history = []

    def before_train(self, runner):
        model = runner.model
        self.wrapper = getattr(model, 'module', model)
        self.wrapper.model.register_forward_hook(self.poison)
        self.runner = runner

    def poison(self, model, args, outputs):
        if self.poisons and 'loss_mlm' in outputs and \
                self.runner.iter in self.iterations:
            outputs['loss_mlm'] = outputs['loss_mlm'] * float('nan')

    def after_train_iter(self, runner, *args, **kwargs):
        if self.file:
            self.history.append(torch.stack([
                p.detach().double().sum()
                for p in self.wrapper.parameters()]))

    def after_train(self, runner):
        if self.file:
            torch.save(self.history, f'{self.file}{get_rank()}')


def poisoned(*iterations, processes=1, **kwargs):
    return dict(hooks=[dict(type='PoisonHook', iterations=iterations,
                            processes=processes, **kwargs)])


@pytest.mark.parametrize('processes', [1, 2])
def test_nan_for_a_while(run, processes):
    """No step is made meanwhile, on any process; then it goes on."""
    file = str(run.folder / 'meltr')
    statuses, output = run.start(
        processes=processes,
        **poisoned(2, 5, processes=processes, file=file))
    assert statuses == [0] * processes, output[-3000:]
    assert ('non-finite loss_mlm, MELTR output: parameter update skipped '
            '(3 in a row)') in output
    assert '(4 in a row)' not in output
    histories = [torch.load(f'{file}{rank}') for rank in range(processes)]
    for history in histories:
        assert len(history) == 8
        for before, after, number in zip(
                history, history[1:], range(1, len(history))):
            moved = not torch.equal(before, after)
            assert moved == (number not in (2, 3, 4)), number
    torch.testing.assert_close(histories[0], histories[-1], rtol=0, atol=0)
    assert torch.isfinite(histories[0][-1]).all()


def test_nan_for_too_long(run):
    run.fails_in_second_epoch(
        'FloatingPointError', 'loss_mlm', 'max_skips=3', '--resume',
        **poisoned(4, 99), **{'optim_wrapper.max_skips': 3})
    run.goes_on()
