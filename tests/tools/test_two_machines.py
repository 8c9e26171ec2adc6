"""dist_train.sh on two machines, one of which loses its power.

Each machine is a network namespace with a cable between them. Making one
takes rights that not every place gives: then this is skipped.
"""
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from child_process import environment
from test_distributed_scripts import HOOKS as RANK_HOOKS
from test_scripts import CONFIG, OPTIONS, ROOT, workplace  # noqa: F401

HOOKS = RANK_HOOKS + '''

import time
from pathlib import Path


@HOOKS.register_module()
class WaitForTheCut(Hook):
    """Lets the test end the second machine in the second epoch."""

    def after_train_iter(self, runner, batch_idx, **kwargs):
        if get_rank() == 1 and runner.epoch == 1 and Path('cut').exists():
            Path('cut').rename('waiting')
            time.sleep(600)
'''


def ip(*words):
    result = subprocess.run(['ip', *words], capture_output=True, text=True)
    if result.returncode:
        raise OSError(result.stderr)
    return result.stdout


class Machine:
    """A network namespace with one end of the cable.

    Args:
        number (int): 0 or 1; its address ends with the number plus one.
    """

    def __init__(self, number):
        self.number = number
        self.name = f'meltr{os.getpid()}n{number}'
        self.cable = f'mm{os.getpid() % 10**7}v{number}'
        ip('netns', 'add', self.name)

    def connect(self):
        ip('link', 'set', self.cable, 'netns', self.name)
        for words in (('address', 'add', f'10.93.7.{self.number + 1}/24',
                       'dev', self.cable),
                      ('link', 'set', self.cable, 'up'),
                      ('link', 'set', 'lo', 'up')):
            ip('-n', self.name, *words)

    def start(self, folder, log, *arguments):
        tools = str(Path(sys.executable).parent)
        env = environment(
            folder, OMP_NUM_THREADS='1', NNODES='2',
            NODE_RANK=str(self.number), MASTER_ADDR='10.93.7.1',
            MASTER_PORT='29533', GLOO_SOCKET_IFNAME=self.cable,
            PATH=os.pathsep.join([tools, os.environ['PATH']]))
        with open(log, 'w') as file:
            return subprocess.Popen(
                ['ip', 'netns', 'exec', self.name, 'bash',
                 str(ROOT / 'tools' / 'dist_train.sh'), *arguments],
                cwd=folder, env=env, stdout=file, stderr=subprocess.STDOUT)

    def lose_power(self):
        """First the cable, so that not even an ending connection is sent."""
        ip('-n', self.name, 'link', 'set', self.cable, 'down')
        self.kill_all()

    def kill_all(self):
        for pid in ip('netns', 'pids', self.name).split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def remove(self):
        self.kill_all()
        ip('netns', 'del', self.name)


@pytest.fixture
def machines():
    if not shutil.which('ip'):
        pytest.skip('needs `ip` (the package iproute2)')
    made = []
    try:
        try:
            made += [Machine(0)]
            made += [Machine(1)]
            ip('link', 'add', made[0].cable, 'type', 'veth', 'peer', 'name',
               made[1].cable)
            for machine in made:
                machine.connect()
        except OSError as error:
            pytest.skip(f'may not make a network namespace: {error}')
        yield made
    finally:
        for machine in made:
            machine.remove()


def wait_for(condition, processes, seconds=300):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end and all(
            process.poll() in (None, 0) for process in processes), 'too late'
        time.sleep(0.2)


@pytest.mark.skipif(
    not os.environ.get('WHOLE_SUITE'),
    reason='takes minutes; WHOLE_SUITE=1 runs it')
def test_a_machine_is_lost_and_resume_goes_on(workplace, machines):  # noqa: F811
    (workplace / 'machines_hook.py').write_text(HOOKS)
    (workplace / 'machines.py').write_text(
        f"_base_ = '{CONFIG}'\n"
        "custom_imports = dict(imports=['meltr_mm', 'machines_hook'],\n"
        '                      allow_failed_imports=False)\n'
        "custom_hooks = [dict(type='KeepRanks'),\n"
        "                dict(type='WaitForTheCut')]\n")
    arguments = ['machines.py', '1', '--work-dir', 'machines', '--cfg-options',
                 'train_cfg.max_epochs=2', 'optim_wrapper.interval=2',
                 'env_cfg.dist_cfg.timeout=20', *OPTIONS]
    logs = [workplace / f'machine{m.number}.txt' for m in machines]

    def start(*more):
        return [m.start(workplace, log, *arguments[:4], *more, *arguments[4:])
                for m, log in zip(machines, logs)]

    (workplace / 'cut').touch()
    processes = start()
    wait_for((workplace / 'waiting').exists, processes)
    machines[1].lose_power()
    cut = time.time()
    assert processes[0].wait(timeout=120) != 0
    assert time.time() - cut < 60
    text = logs[0].read_text()
    assert text.count('Machine 0 of 2 has ended') == 1
    assert '--resume' in text.strip().splitlines()[-1]
    assert 'Timed out' in text or 'timeout' in text.lower()
    processes[1].wait(timeout=60)

    first = torch.load(workplace / 'machines' / 'epoch_1.pth',
                       weights_only=True)
    ip('-n', machines[1].name, 'link', 'set', machines[1].cable, 'up')
    processes = start('--resume')
    for process, log in zip(processes, logs):
        assert process.wait(timeout=300) == 0, log.read_text()[-3000:]
    text = logs[0].read_text()
    assert 'resumed epoch: 1,' in text and 'Epoch(train) [1]' not in text

    both = [torch.load(workplace / f'rank{rank}.pth') for rank in range(2)]
    last = torch.load(workplace / 'machines' / 'epoch_2.pth',
                      weights_only=True)
    for name, tensor in last['state_dict'].items():
        assert torch.equal(both[0][name], tensor), name
        assert torch.equal(both[1][name], tensor), name
    assert last['meta']['iter'] == 2 * first['meta']['iter']
    assert any(name.startswith('meltr.') for name in last['state_dict'])
    assert last['optimizer']['aid']['meta_steps'] > first['optimizer']['aid'][
        'meta_steps'] > 0
