"""What the processes of test_resume.py run.

    python resumed_training.py RANK WORLD_SIZE OUT RUNS

RUNS is JSON: per run the arguments of :func:`lives`. Each rank saves what the
runs ended with into OUT/rank<RANK>.pt.
"""
import json
import os
import sys
import time
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import CheckpointLoader, Runner
from shared_trunk import TASKS, SharedTrunk, batch
from torch import nn
from torch.utils.data import Dataset

import meltr_mm  # noqa: F401  registers everything

LAST, KILLED = 3, 33  # epochs; the iteration of the third that is the last


@DATASETS.register_module()
class Numbers(Dataset):
    """Regression samples."""
    metainfo = {}

    def __init__(self, seed, size):
        data = batch(seed, size, torch.float32)
        self.samples = [dict(inputs=x, targets=y) for x, y in zip(
            data['inputs'], data['targets'])]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


@MODELS.register_module()
class WithNorm(SharedTrunk):
    """Keeps running statistics, and has no randomness."""

    def __init__(self):
        super().__init__()
        self.trunk.append(nn.BatchNorm1d(8))


class KilledError(Exception):
    """Ends a run."""


class KillHook(Hook):
    """Ends a run in the middle of an epoch."""

    def after_train_iter(self, runner, batch_idx, *args, **kwargs):
        if runner.iter == KILLED:
            raise KilledError


def loader(seed, size):
    return dict(
        batch_size=4, num_workers=0, collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=True, seed=1),
        dataset=dict(type='Numbers', seed=seed, size=size))


def train(work_dir, accumulate, held_out, by_epoch, resume=False, hooks=()):
    ranks = int(os.environ['WORLD_SIZE'])
    optim_wrapper = dict(
        type='AIDOptimWrapper', constructor='AIDOptimWrapperConstructor',
        optimizer=dict(type='AdamW', lr=1e-2), interval=2,
        meta_optimizer=dict(type='AdamW', lr=1e-2),
        accumulative_counts=accumulate, history=dict(capacity=3))
    if held_out:
        optim_wrapper['meta_dataloader'] = loader(1, 20 * ranks)
    train_cfg = dict(by_epoch=True, max_epochs=LAST)
    checkpoint = dict(type='CheckpointHook', interval=1)
    if not by_epoch:
        train_cfg = dict(by_epoch=False, max_iters=14 * LAST)
        checkpoint.update(by_epoch=False, interval=15)
    runner = Runner(
        model=dict(type='MELTRWrapper', model=dict(type='WithNorm'),
                   meltr=dict(type='MELTR', dropout=0.), losses=list(TASKS),
                   primary=TASKS[0]),
        work_dir=str(work_dir), resume=resume, train_cfg=train_cfg,
        train_dataloader=loader(0, 56 * ranks), optim_wrapper=optim_wrapper,
        default_hooks=dict(checkpoint=checkpoint), log_level='ERROR',
        custom_hooks=[dict(type='ResumeHook')], default_scope='mmaction',
        randomness=dict(seed=0), launcher='pytorch' if ranks > 1 else 'none',
        experiment_name=f'{work_dir.name}_{resume}',
        cfg=dict(model_wrapper_cfg=dict(
            type='MMDistributedDataParallel', find_unused_parameters=True)))
    for hook in hooks:
        runner.register_hook(hook, priority='LOWEST')
    try:
        runner.train()
    except KilledError:
        for hook in runner.hooks:  # as the end of the process would
            hook.after_train(runner) if type(hook).__name__ == 'ResumeHook' \
                else None
    model = getattr(runner.model, 'module', runner.model)
    return dict(model.state_dict(),
                meta_steps=runner.optim_wrapper.meta_steps)


def lives(out, accumulate=1, held_out=False, by_epoch=True):
    """A run, and the same one killed and resumed."""
    options = dict(accumulate=accumulate, held_out=held_out,
                   by_epoch=by_epoch)
    whole = train(out / 'whole', **options)
    cut = train(out / 'cut', hooks=[KillHook()], **options)
    # Before a resumed run saves its own over it.
    last = (out / 'cut' / 'last_checkpoint').read_text()
    saved, other = (
        CheckpointLoader.load_checkpoint(path, 'cpu')['state_dict']
        for path in (last, last.replace('cut', 'whole')))
    return dict(whole=whole, cut=cut, saved=saved, saved_by_whole=other,
                resumed=train(out / 'cut', resume=True, **options))


def main():
    rank, world_size, out, runs = sys.argv[1:]
    os.environ.update(RANK=rank, WORLD_SIZE=world_size, LOCAL_RANK=rank,
                      MASTER_ADDR='127.0.0.1')
    port = Path(out) / 'port'
    os.environ['MASTER_PORT'] = port.read_text() if port.exists() else '0'
    # As if all runs began within one second, which MMEngine tells them apart
    # by: they share loggers and message hubs then.
    time.strftime = lambda *args: '20261129_000000'
    results = [lives(Path(out) / str(n), **options)
               for n, options in enumerate(json.loads(runs))]
    torch.save(results, Path(out) / f'rank{rank}.pt')


if __name__ == '__main__':
    main()
