"""What MELTR costs over a whole training run.

    python tools/benchmark/training_run.py [--interval 3] [--rounds 9]

Trains VIOLET for open-ended QA, toy size, on batches of 16 that stay in
memory: once with the plain sum of its losses and MMEngine's OptimWrapper,
once per setting of AIDOptimWrapper. The runs take turns, `interval` updates
at a time; printed is the median ratio of their times.
"""
import argparse
import copy
import logging
import statistics
from typing import Dict, List

import torch
from measure import seconds
from mmengine.optim import build_optim_wrapper
from problems import violet, violet_batches
from torch import nn

from meltr_mm.meltr import MELTRWrapper

OPTIMIZER = dict(type='AdamW', lr=1e-4, fused=True)
SETTINGS = {
    'MELTR': dict(gamma=0.),
    'MELTR +reg': dict(gamma=0.1),
    'MELTR +reg, second-order graph': dict(
        gamma=0.1, estimator='double_backward'),
}


class Run:
    """One training run that goes on a few updates at a time."""

    def __init__(self, model: nn.Module, optim_wrapper: dict,
                 batches: List[dict]) -> None:
        self.model = model
        self.optim_wrapper = build_optim_wrapper(model, optim_wrapper)
        self.batches = batches
        self.updates = 0

    def go_on(self, updates: int) -> None:
        """Train for some updates."""
        for _ in range(updates):
            batch = self.batches[self.updates % len(self.batches)]
            self.model.train_step(batch, self.optim_wrapper)
            self.updates += 1


def runs(losses: List[str], interval: int, device: str) -> Dict[str, Run]:
    """The plain run and one per setting, from the same weights."""
    model = violet(device).model
    forward = model.forward
    batches = violet_batches(8)
    plain = copy.deepcopy(model)
    plain.forward = lambda *args, mode, **kwargs: forward.__func__(
        plain, *args, mode=mode, losses=losses, **kwargs)
    table = {'plain sum': Run(plain, dict(optimizer=OPTIMIZER), batches)}
    for name, options in SETTINGS.items():
        wrapper = MELTRWrapper(
            copy.deepcopy(model), dict(type='MELTR'), losses, losses[0])
        table[name] = Run(wrapper.to(device), dict(
            type='AIDOptimWrapper', constructor='AIDOptimWrapperConstructor',
            optimizer=OPTIMIZER, meta_optimizer=OPTIMIZER, interval=interval,
            **options), batches)
    return table


def ratios(losses: List[str], interval: int, rounds: int,
           device: str) -> Dict[str, float]:
    """Median time of each run in units of the plain one."""
    table = runs(losses, interval, device)
    for run in table.values():
        run.go_on(2 * interval)
    times: Dict[str, list] = {name: [] for name in table}
    for _ in range(rounds):
        taken = {name: seconds(lambda run=run: run.go_on(interval), device)
                 for name, run in table.items()}
        for name, value in taken.items():
            times[name].append(value / taken['plain sum'])
    return {name: statistics.median(values)
            for name, values in times.items()}


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--interval', type=int, default=3)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--device', default='cpu')
    args = parser.parse_args()
    logging.disable(logging.INFO)
    torch.manual_seed(0)
    names = ['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm']
    columns = {
        'four losses': ratios(names, args.interval, args.rounds, args.device),
        'without loss_vtm': ratios(names[:1] + names[2:], args.interval,
                                   args.rounds, args.device)
    }
    print(f"| run | {' | '.join(columns)} |\n|---|---|---|")
    for name in columns['four losses']:
        cells = ' | '.join(f'{c[name]:.2f}' for c in columns.values())
        print(f'| {name} | {cells} |')
