"""A resumed run is the run that was never ended, bit for bit."""
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from child_process import environment
from two_ranks import run_two_ranks
from warm_process import run_script

from meltr_mm.resume import ResumeHook

SCRIPT = Path(__file__).with_name('resumed_training.py')
SETTINGS = [
    dict(),
    dict(held_out=True),
    dict(accumulate=4),
    dict(accumulate=4, held_out=True),
    dict(accumulate=4, held_out=True, by_epoch=False),
]


@pytest.fixture(scope='module')
def one(tmp_path_factory):
    out = tmp_path_factory.mktemp('one')
    run_script(SCRIPT, 0, 1, out, json.dumps(SETTINGS)).check_returncode()
    return torch.load(out / 'rank0.pt')


@pytest.fixture(scope='module')
def two(tmp_path_factory):
    out = tmp_path_factory.mktemp('two')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        (out / 'port').write_text(str(free.getsockname()[1]))
    return run_two_ranks(SCRIPT, out, json.dumps(SETTINGS[1:4]))


def check_equal(expected, found):
    for name, tensor in expected.items():
        if isinstance(tensor, torch.Tensor):
            assert torch.equal(tensor, found[name]), (
                f'{name}: by {(tensor - found[name]).abs().max()}')


def check(result):
    whole, cut, resumed = (result[k] for k in ('whole', 'cut', 'resumed'))
    assert whole['meta_steps'] == resumed['meta_steps'] > cut['meta_steps']
    for name, tensor in whole.items():
        if isinstance(tensor, torch.Tensor):
            assert torch.equal(tensor, resumed[name]), name
    assert not torch.equal(whole['meltr.fc1.weight'],
                           cut['meltr.fc1.weight'])


@pytest.mark.parametrize('index', range(len(SETTINGS)),
                         ids=[str(s) for s in SETTINGS])
def test_one_process(one, index):
    check(one[index])


@pytest.mark.parametrize('index', range(3),
                         ids=[str(s) for s in SETTINGS[1:4]])
def test_two_processes(two, index):
    for rank in two:
        check(rank[index])
    assert torch.equal(two[0][index]['whole']['meltr.fc1.weight'],
                       two[1][index]['whole']['meltr.fc1.weight'])


TAKES = """
import sys
from meltr_mm.resume import ResumeHook
hook = ResumeHook()
hook._take(sys.argv[1])
print('taken', flush=True)
sys.stdin.read()
"""


def test_a_second_training_in_a_work_dir_is_refused(tmp_path):
    command = [sys.executable, '-c', TAKES, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE, env=environment()) as first:
        assert first.stdout.readline() == 'taken\n'
        with pytest.raises(RuntimeError, match='must belong to one training'):
            ResumeHook()._take(str(tmp_path))
        first.kill()
        first.wait()
    ResumeHook()._take(str(tmp_path))
