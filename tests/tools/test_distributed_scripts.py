"""dist_train.sh and dist_test.sh with two processes on the CPU."""
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from child_process import environment
from test_scripts import CONFIG, OPTIONS, ROOT, run, workplace  # noqa: F401

HOOKS = '''
import os
import signal
from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class KeepRanks(Hook):
    """Saves what each process has at the end."""

    def after_train(self, runner):
        torch.save(runner.model.module.state_dict(), f'rank{get_rank()}.pth')


@HOOKS.register_module()
class KillARank(Hook):
    """Ends the second process in the second epoch, without a warning."""

    def after_train_iter(self, runner, batch_idx, **kwargs):
        if get_rank() == 1 and runner.epoch == 1 and Path('kill').exists():
            Path('kill').unlink()
            os.kill(os.getpid(), signal.SIGKILL)
'''


def dist(cwd, script, *args):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    return subprocess.run(
        ['bash', str(ROOT / 'tools' / script), *map(str, args)],
        cwd=cwd,
        env=environment(
            cwd, OMP_NUM_THREADS='1', MASTER_PORT=str(port),
            PATH=os.pathsep.join(
                [str(Path(sys.executable).parent), os.environ['PATH']])),
        capture_output=True, text=True, timeout=300)


def with_hooks(workplace, name):  # noqa: F811
    """A config with two more hooks, and the arguments to train it."""
    (workplace / f'{name}_hook.py').write_text(HOOKS)
    (workplace / f'{name}.py').write_text(
        f"_base_ = '{CONFIG}'\n"
        f"custom_imports = dict(imports=['meltr_mm', '{name}_hook'],\n"
        '                      allow_failed_imports=False)\n'
        "custom_hooks = [dict(type='KeepRanks'), dict(type='KillARank')]\n")
    return (f'{name}.py', 2, '--work-dir', name, '--cfg-options',
            'train_cfg.max_epochs=2', 'optim_wrapper.interval=2', *OPTIONS)


@pytest.fixture(scope='module')
def trained(workplace):  # noqa: F811
    """A run that ended when one of its processes was killed, and its end."""
    arguments = with_hooks(workplace, 'two')
    (workplace / 'kill').touch()
    killed = dist(workplace, 'dist_train.sh', *arguments)
    assert killed.returncode and 'SIGKILL' in killed.stderr
    result = dist(workplace, 'dist_train.sh', *arguments, '--resume')
    assert result.returncode == 0, result.stderr[-3000:]
    return workplace, result.stdout + result.stderr


def test_weights_and_phi_are_equal_on_both_ranks(trained):
    folder, _ = trained
    first, second = (torch.load(folder / f'rank{r}.pth') for r in range(2))
    saved = torch.load(folder / 'two' / 'epoch_2.pth', weights_only=True)
    assert saved['optimizer']['aid']['meta_steps'] > 0
    for name, tensor in saved['state_dict'].items():
        assert torch.equal(first[name], tensor), name
        assert torch.equal(second[name], tensor), name


def test_metrics_equal_those_of_one_process(trained):
    """Odd numbers of samples: tests/faults/test_two_processes.py."""
    folder, _ = trained
    checkpoint = (folder / 'two' / 'last_checkpoint').read_text().strip()
    one = run(folder, ROOT / 'tools' / 'test.py', CONFIG, checkpoint,
              '--work-dir', 'one')
    both = dist(folder, 'dist_test.sh', CONFIG, checkpoint, 2, '--work-dir',
                'both')
    pair = []
    for result in (one, both):
        assert result.returncode == 0, result.stderr[-3000:]
        pair.append(re.findall(r'(qa/\w+): ([\d.]+)',
                               result.stdout + result.stderr))
    assert pair[0] == pair[1] and pair[0]


def test_a_killed_process_ends_all_and_resume_goes_on(trained):
    folder, log = trained
    assert 'resumed epoch: 1,' in log
    assert 'Epoch(train) [1]' not in log
    steps = [torch.load(folder / 'two' / f'epoch_{epoch}.pth',
                        weights_only=True)['optimizer']['aid']['meta_steps']
             for epoch in (1, 2)]
    assert 0 < steps[0] < steps[1]


@pytest.mark.parametrize('script', [
    'dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_without_arguments_it_says_how_to_use_it(tmp_path, script):
    result = dist(tmp_path, script)
    assert result.returncode == 2
    assert result.stderr.startswith('usage: bash')
    assert 'CONFIG' in result.stderr
