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

KEEP_RANKS = '''
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class KeepRanks(Hook):
    """Saves what each process has at the end."""

    def after_train(self, runner):
        torch.save(runner.model.module.state_dict(), f'rank{get_rank()}.pth')
'''

KILL_A_RANK = '''
import os
import signal
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


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


def with_hook(workplace, name, hook, source):  # noqa: F811
    """A config with one more hook, and the arguments to train it."""
    (workplace / f'{name}_hook.py').write_text(source)
    (workplace / f'{name}.py').write_text(
        f"_base_ = '{CONFIG}'\n"
        f"custom_imports = dict(imports=['meltr_mm', '{name}_hook'],\n"
        '                      allow_failed_imports=False)\n'
        f"custom_hooks = [dict(type='{hook}')]\n")
    return (f'{name}.py', 2, '--work-dir', name, '--cfg-options',
            'train_cfg.max_epochs=2', 'optim_wrapper.interval=2', *OPTIONS)


@pytest.fixture(scope='module')
def trained(workplace):  # noqa: F811
    result = dist(workplace, 'dist_train.sh',
                  *with_hook(workplace, 'two', 'KeepRanks', KEEP_RANKS))
    assert result.returncode == 0, result.stderr[-3000:]
    return workplace


def test_weights_and_phi_are_equal_on_both_ranks(trained):
    first, second = (torch.load(trained / f'rank{r}.pth') for r in range(2))
    saved = torch.load(trained / 'two' / 'epoch_2.pth', weights_only=True)
    assert saved['optimizer']['aid']['meta_steps'] > 0
    for name, tensor in saved['state_dict'].items():
        assert torch.equal(first[name], tensor), name
        assert torch.equal(second[name], tensor), name


def test_metrics_equal_those_of_one_process(trained):
    """Odd numbers of samples: tests/faults/test_two_processes.py."""
    checkpoint = (trained / 'two' / 'last_checkpoint').read_text().strip()
    one = run(trained, ROOT / 'tools' / 'test.py', CONFIG, checkpoint,
              '--work-dir', 'one')
    both = dist(trained, 'dist_test.sh', CONFIG, checkpoint, 2, '--work-dir',
                'both')
    pair = []
    for result in (one, both):
        assert result.returncode == 0, result.stderr[-3000:]
        pair.append(re.findall(r'(qa/\w+): ([\d.]+)',
                               result.stdout + result.stderr))
    assert pair[0] == pair[1] and pair[0]


def test_a_killed_process_ends_all_and_resume_goes_on(workplace):  # noqa: F811
    arguments = with_hook(workplace, 'killed', 'KillARank', KILL_A_RANK)
    (workplace / 'kill').touch()
    result = dist(workplace, 'dist_train.sh', *arguments)
    assert result.returncode and 'SIGKILL' in result.stderr
    first = torch.load(workplace / 'killed' / 'epoch_1.pth', weights_only=True)
    result = dist(workplace, 'dist_train.sh', *arguments, '--resume')
    assert result.returncode == 0, result.stderr[-3000:]
    log = result.stdout + result.stderr
    assert 'resumed epoch: 1,' in log
    assert 'Epoch(train) [1]' not in log
    second = torch.load(
        workplace / 'killed' / 'epoch_2.pth', weights_only=True)
    steps = [part['optimizer']['aid']['meta_steps']
             for part in (first, second)]
    assert 0 < steps[0] < steps[1]


@pytest.mark.parametrize('script', [
    'dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_without_arguments_it_says_how_to_use_it(tmp_path, script):
    result = dist(tmp_path, script)
    assert result.returncode == 2
    assert result.stderr.startswith('usage: bash')
    assert 'CONFIG' in result.stderr
