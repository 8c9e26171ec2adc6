"""Training runs in forked processes that can be watched and killed.

The parent has everything imported, so that a life costs little more than its
iterations. What a child is doing stands in memory that both see.
"""
import gc
import mmap
import os
import random
import signal
import socket
import struct
import sys
import time
import traceback
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from mmengine import Config
from mmengine.dist import get_rank
from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from meltr_mm.atomic_checkpoints import AtomicLocalBackend

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs' / 'toy' / 'meltr_univl_mosi.py'
PHASES = ('start', 'train', 'collect', 'write', 'validate', 'end')


class Board:
    """What one process is doing: phase, its number of visits, epochs."""

    fields = ('phase', 'resumed', 'saved',
              *(f'visits_{p}' for p in PHASES),
              *(f'seconds_{p}' for p in PHASES))

    def __init__(self):
        self.memory = mmap.mmap(-1, 8 * len(self.fields))
        self.clear()

    def clear(self):
        for name in self.fields:
            self[name] = 0
        self['resumed'] = self['saved'] = -1
        self.entered = time.monotonic()

    def __getitem__(self, name):
        place = 8 * self.fields.index(name)
        return struct.unpack_from('d', self.memory, place)[0]

    def __setitem__(self, name, value):
        struct.pack_into('d', self.memory, 8 * self.fields.index(name), value)

    @property
    def phase(self):
        return PHASES[int(self['phase'])]

    def enter(self, phase):
        before, now = self.phase, time.monotonic()
        self[f'seconds_{before}'] += now - self.entered
        self.entered = now
        self['phase'] = PHASES.index(phase)
        self[f'visits_{phase}'] += 1
        return before


BOARD = None  # that of this process


@HOOKS.register_module()
class WatchedCheckpointHook(CheckpointHook):
    """CheckpointHook that says on the board what it does."""

    def _save_checkpoint_with_step(self, runner, step, meta):
        before = BOARD.enter('collect')
        super()._save_checkpoint_with_step(runner, step, meta)
        BOARD['saved'] = meta['epoch']
        BOARD.enter(before)


@HOOKS.register_module()
class WatchHook(Hook):
    """Says on the board what the run does.

    With ``fresh_epochs`` an epoch begins with all that a resume does not
    bring back: random numbers of its own and an empty history.
    """

    def __init__(self, fresh_epochs):
        self.fresh_epochs = fresh_epochs

    def before_train(self, runner):
        BOARD['resumed'] = runner.epoch

    def before_train_epoch(self, runner):
        BOARD.enter('train')
        if self.fresh_epochs:
            seed = 1000 * runner.epoch + get_rank()
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            runner.optim_wrapper.history.refill([], [])

    def before_val_epoch(self, runner):
        BOARD.enter('validate')

    def after_train(self, runner):
        BOARD.enter('end')


def watch_writing(backend):
    """Let a backend say on the board when it writes."""
    put = backend.put

    def watched_put(self, obj, filepath):
        before = BOARD.enter('write')
        put(self, obj, filepath)
        BOARD.enter(before)

    backend.put = watched_put


@lru_cache(None)
def config_text():
    return Config.fromfile(CONFIG).pretty_text


def toy_config(data, work_dir, epochs, processes, seed=0, fresh_epochs=True,
               hooks=(), **options):
    """The toy config on a tiny data set, watched."""
    cfg = Config.fromstring(
        config_text().replace('data/toy/cmu_mosi', str(data)), '.py')
    cfg.merge_from_dict({
        'work_dir': str(work_dir),
        'launcher': 'pytorch' if processes > 1 else 'none',
        'randomness.seed': seed,
        'train_cfg.max_epochs': epochs,
        'train_cfg.val_interval': 1,
        'param_scheduler.period': epochs,
        'train_dataloader.batch_size': 8 // processes,
        'val_dataloader.batch_size': 4,
        'default_hooks.checkpoint.type': 'WatchedCheckpointHook',
        'model.losses': ['loss_sentiment', 'loss_joint', 'loss_mlm'],
        'log_level': 'WARNING',
        **options})
    cfg.custom_hooks = [dict(type='WatchHook', fresh_epochs=fresh_epochs),
                        dict(type='ValidateOnResumeHook'), *hooks]
    return cfg


class Life:
    """The processes of one start of a run.

    Args:
        cfg (Config): The config.
        processes (int): How many.
        resume (bool): Whether to go on from the last checkpoint.
        log (Path): Where their output goes.
        prepare (Callable, optional): Called in each process first.
        act (str): What the runner does. Defaults to 'train'.
    """

    def __init__(self, cfg, processes, resume, log, prepare=None,
                 act='train'):
        self.boards = [Board() for _ in range(processes)]
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self.pids, self.statuses = [], [None] * processes
        for rank, board in enumerate(self.boards):
            pid = os.fork()
            if not pid:
                self._live(cfg, rank, processes, port, resume, log, board,
                           prepare, act)
            self.pids.append(pid)

    def _live(self, cfg, rank, processes, port, resume, log, board, prepare,
              act):
        global BOARD
        status = 1
        try:
            gc.freeze()  # to look through shared memory would copy it
            BOARD = board
            with open(log, 'a') as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            # pytest has put others in their places.
            sys.stdout = sys.stderr = open(1, 'w', closefd=False)
            # A forked process must not wait for its parent's threads.
            torch.set_num_threads(1)
            os.environ.update(
                RANK=str(rank), LOCAL_RANK=str(rank), MASTER_PORT=str(port),
                WORLD_SIZE=str(processes), MASTER_ADDR='127.0.0.1')
            # MMEngine formats the whole config for each checkpoint, which
            # takes ten times as long as the rest of it.
            Config.pretty_text = '(left out)'
            if prepare is not None:
                prepare()
            watch_writing(AtomicLocalBackend)
            cfg.resume = resume
            getattr(Runner.from_cfg(cfg), act)()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def alive(self):
        """Whether any process has not ended yet."""
        for rank, pid in enumerate(self.pids):
            if self.statuses[rank] is None:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    self.statuses[rank] = -os.WTERMSIG(status) if \
                        os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return None in self.statuses

    def wait(self, timeout=300):
        """Wait for the end; the exit statuses by rank."""
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(f'the run is not over after {timeout} s')
            time.sleep(0.005)
        return self.statuses

    def kill(self, first=0, pause=0.):
        """Kill -9 one process, and the others a moment later."""
        ranks = range(len(self.pids))
        for rank in (*ranks[first:], *ranks[:first]):
            if self.statuses[rank] is None:
                os.kill(self.pids[rank], signal.SIGKILL)
                time.sleep(pause)
        while self.alive():
            time.sleep(0.001)
