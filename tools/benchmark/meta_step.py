"""What one hypergradient costs, beside other ways to compute it.

    python tools/benchmark/meta_step.py [--models bert bert_fused violet]
        [--rounds 7] [--device cpu] [--json]

Time and peak extra memory are ratios to a plain training step (forward of all
losses and M, backward into w and phi), interleaved in one run; memory is
measured in a fresh process per method. The error is that of phi's gradient
relative to the official second-order formulation. Other libraries appear if
they are installed (requirements/bench.txt says how to get all of them); a
method that cannot run shows why.
"""
import argparse
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from typing import Callable, Dict, List, Optional
from unittest.mock import patch

import peers
import torch
from measure import MALLOC, peak_growth, time_ratios
from problems import PROBLEMS, Problem
from torch import Tensor

from meltr_mm._torch import math_attention
from meltr_mm.autodiff import forward_mode
from meltr_mm.meltr.hypergradient import hypergradient

Grads = Dict[str, Tensor]
GAMMA = 0.1


@dataclass
class Method:
    """One way to compute a hypergradient.

    Attributes:
        run (Callable): From a Problem to phi's gradients.
        source (str): Whose it is.
        regulariser (bool): With gamma = 0.1.
        exact (bool): Up to rounding.
    """
    run: Callable[[Problem], Grads]
    source: str = 'meltr_mm'
    regulariser: bool = False
    exact: bool = True


def ours(estimator: str, gamma: float, problem: Problem) -> Grads:
    """Our hypergradient."""
    return hypergradient(
        problem.model, problem.meltr, problem.primary, problem.losses,
        estimator=estimator, gamma=gamma).grads


def official(gamma: float, problem: Problem) -> Grads:
    """The official second-order formulation: all losses on both batches."""
    return hypergradient(
        problem.model, problem.meltr, lambda: problem.validation()[0],
        problem.losses, estimator='double_backward', gamma=gamma).grads


def without(trick: str, problem: Problem) -> Grads:
    """Our jvp with torch's own formula in the place of one of ours."""
    with patch.object(forward_mode, trick, lambda function: function):
        return ours('jvp', 0., problem)


def methods() -> Dict[str, Method]:
    """All of them by name."""
    table = {}
    for gamma in (0., GAMMA):
        suffix = ' +reg' * bool(gamma)
        table['double_backward' + suffix] = Method(
            partial(official, gamma), 'official formulation', bool(gamma))
        for estimator in ('jvp', 'vjp', 'finite_difference'):
            table[estimator + suffix] = Method(
                partial(ours, estimator, gamma), regulariser=bool(gamma),
                exact=estimator != 'finite_difference')
    table['jvp, linear by torch'] = Method(partial(without, '_in_place'))
    table['jvp, attention by torch'] = Method(partial(without, '_by_parts'))
    table['darts'] = Method(
        partial(peers.betty, method='darts'), 'betty', exact=False)
    table['neumann, 0 terms'] = Method(
        partial(peers.betty, method='neumann'), 'betty')
    table['custom_root, identity'] = Method(peers.torchopt, 'torchopt')
    table['FD'] = Method(peers.boat, 'boat', exact=False)
    table['UPGrad (training gradient)'] = Method(
        peers.torchjd, 'torchjd', exact=False)
    return table


def relative_error(grads: Grads, reference: Grads) -> Optional[float]:
    """Of phi's whole gradient; None for a method that has none."""
    if not grads:
        return None
    difference = sum(
        (grads.get(n, torch.zeros_like(g)) - g).square().sum()
        for n, g in reference.items())
    return (difference / sum(
        g.square().sum() for g in reference.values())).sqrt().item()


def measure(name: str, rounds: int, device: str,
            wanted: Optional[List[str]]) -> List[dict]:
    """All rows of one model.

    Args:
        name (str): One of PROBLEMS.
        rounds (int): Timings of each method.
        device (str): Where it runs.
        wanted (list[str], optional): Names of methods. Defaults to all.

    Returns:
        list[dict]: A row per method.
    """
    problem = PROBLEMS[name](device)
    rows, runnable = {}, {}
    references: Dict[bool, Grads] = {}
    for label, method in methods().items():
        if wanted and label not in wanted:
            continue
        row = rows[label] = dict(
            model=name, method=label, source=method.source,
            regulariser=method.regulariser, exact=method.exact,
            time_ratio=None, memory_ratio=None, rel_error=None)
        kind = method.regulariser
        if kind not in references:
            with math_attention():
                references[kind] = official(
                    GAMMA if method.regulariser else 0., problem)
        try:
            grads = method.run(problem)
        except Exception as error:  # a peer may fail in any way
            row['failure'] = f'{type(error).__name__}: ' + (
                str(error).strip().splitlines() or [''])[0]
            continue
        row['rel_error'] = relative_error(grads, references[kind])
        runnable[label] = partial(method.run, problem)
    for label, ratio in time_ratios(problem.train_step, runnable, rounds,
                                    device).items():
        rows[label]['time_ratio'] = ratio
    plain = memory_of(name, None, device)
    for label in runnable:
        rows[label]['memory_ratio'] = memory_of(name, label, device) / plain
    return list(rows.values())


def memory_of(name: str, label: Optional[str], device: str) -> float:
    """Peak growth of a method (None: the training step) in a new process."""
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', __file__, '--models', name,
         '--device', device, '--memory', label or ''],
        env=os.environ | MALLOC, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f'memory of {label}: {result.stderr[-2000:]}')
    return float(result.stdout.split()[-1])


def own_memory(name: str, label: str, device: str) -> float:
    """Peak growth of a method in this process."""
    problem = PROBLEMS[name](device)
    run = partial(methods()[label].run, problem) if label else \
        problem.train_step
    return peak_growth(run, device)


def show(rows: List[dict]) -> str:
    """Format rows as a Markdown table."""
    lines = ['| model | method | source | time | memory | error |',
             '|---|---|---|---|---|---|']
    for row in rows:
        if 'failure' in row:
            numbers = f"{row['failure'][:60]} | | "
        else:
            error = row['rel_error']
            error = '' if error is None else f'{error:.0e}'
            numbers = (f"{row['time_ratio']:.2f} | "
                       f"{row['memory_ratio']:.2f} | {error}")
        lines.append(f"| {row['model']} | {row['method']} | {row['source']} "
                     f"| {numbers} |")
    return '\n'.join(lines)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--models', nargs='+', choices=PROBLEMS,
                        default=['bert', 'bert_fused', 'violet'])
    parser.add_argument('--methods', nargs='+', choices=methods())
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--json', action='store_true',
                        help='print the rows as JSON')
    parser.add_argument('--memory', help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.disable(logging.INFO)
    if args.memory is not None:
        print(own_memory(args.models[0], args.memory, args.device))
        sys.exit()
    rows = [row for model in args.models
            for row in measure(model, args.rounds, args.device, args.methods)]
    print(json.dumps(rows, indent=1) if args.json else show(rows))
