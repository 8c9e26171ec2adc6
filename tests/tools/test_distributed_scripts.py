"""dist_train.sh and dist_test.sh with two processes on the CPU."""
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
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


def dist(cwd, script, *args):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    return subprocess.run(
        ['bash', str(ROOT / 'tools' / script), *map(str, args)],
        cwd=cwd,
        env=dict(os.environ, OMP_NUM_THREADS='1', MASTER_PORT=str(port),
                 PYTHONPATH=str(cwd), PATH=os.pathsep.join(
                     [str(Path(sys.executable).parent), os.environ['PATH']])),
        capture_output=True, text=True, timeout=300)


@pytest.fixture(scope='module')
def trained(workplace):  # noqa: F811
    (workplace / 'keep_ranks.py').write_text(KEEP_RANKS)
    (workplace / 'two.py').write_text(
        f"_base_ = '{CONFIG}'\n"
        "custom_imports = dict(imports=['meltr_mm', 'keep_ranks'],\n"
        '                      allow_failed_imports=False)\n'
        "custom_hooks = [dict(type='KeepRanks')]\n")
    result = dist(workplace, 'dist_train.sh', 'two.py', 2, '--work-dir',
                  'two', '--cfg-options', 'train_cfg.max_epochs=2',
                  'optim_wrapper.interval=2', *OPTIONS)
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


@pytest.mark.parametrize('script', [
    'dist_train.sh', 'dist_test.sh', 'slurm_train.sh'])
def test_without_arguments_it_says_how_to_use_it(tmp_path, script):
    result = dist(tmp_path, script)
    assert result.returncode == 2
    assert result.stderr.startswith('usage: bash')
    assert 'CONFIG' in result.stderr
