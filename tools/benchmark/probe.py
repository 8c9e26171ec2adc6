"""Does MELTR help, and does it matter where its meta batches come from?

    python tools/benchmark/probe.py

A regression problem where the answer is known. One output is taught by four
targets: the primary one is noisy, the helpful one is the same function
without noise, the harmful one is another function, the last is pure noise.
200 samples are all there is; held-out meta batches take 50 of them. The table
shows the squared error against the function itself on new inputs (mean and
standard deviation over the seeds, and the worst), and the weights dM/dl,
averaged over the run and the seeds.
"""
import argparse
from typing import Dict, List, NamedTuple, Optional, Union

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from meltr_mm.meltr import MELTR, AIDOptimWrapper, MELTRWrapper

TASKS = ('loss_primary', 'loss_helpful', 'loss_harmful', 'loss_noise')
METHODS = ('primary only', 'sum', 'MELTR, training batches',
           'MELTR, held-out batches')
SAMPLES, HELD_OUT, FEATURES, WIDTH, NOISE = 200, 50, 10, 32, 1.5


class Problem(NamedTuple):
    """Inputs (N, FEATURES) and one target per task (N, 4)."""
    inputs: Tensor
    targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor  # (N,), the primary target without its noise


class Result(NamedTuple):
    """Mean squared test error, and the mean of dM/dl per task, if any."""
    error: float
    weights: Optional[List[float]]


class Row(NamedTuple):
    """The results of all seeds: mean, standard deviation and worst error."""
    error: float
    spread: float
    worst: float
    weights: Optional[List[float]]


class Regressor(BaseModel):
    """A small network with one output, and one squared error per target."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(FEATURES, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1))

    def forward(self, inputs: Tensor, targets: Optional[Tensor] = None,
                mode: str = 'tensor') -> Union[Tensor, Dict[str, Tensor]]:
        """Predict (B, 1), or return the errors against targets (B, 4)."""
        output = self.layers(inputs)
        if mode != 'loss':
            return output
        errors = (output - targets).square().mean(0)
        return dict(zip(TASKS, errors))


def make_problem(seed: int) -> Problem:
    """Draw a problem: functions, samples and noise."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    directions = normal(3, FEATURES) / FEATURES**0.5
    inputs, test_inputs = normal(SAMPLES, FEATURES), normal(1000, FEATURES)

    def function(x, row):
        return torch.sin(2 * x @ directions[row]) + x @ directions[row]

    targets = torch.stack([
        function(inputs, 0) + NOISE * normal(SAMPLES),
        function(inputs, 0),
        function(inputs, 1) * function(inputs, 2),
        NOISE * normal(SAMPLES)
    ], -1)
    return Problem(inputs, targets, test_inputs, function(test_inputs, 0))


def run(method: str, seed: int, steps: int = 1200) -> Result:
    """Train with one method and test.

    Args:
        method (str): One of ``METHODS``.
        seed (int): Seed of the problem, the weights and the batches.
        steps (int): Parameter updates. Defaults to 1200.

    Returns:
        Result: Test error and task weights.
    """
    problem = make_problem(seed)
    torch.manual_seed(seed)
    model = Regressor()
    held_out = method == 'MELTR, held-out batches'
    data = TensorDataset(problem.inputs, problem.targets)
    if held_out:
        data, kept = torch.utils.data.random_split(
            data, [SAMPLES - HELD_OUT, HELD_OUT])
    batches = _endless(DataLoader(data, 32, shuffle=True, drop_last=True))

    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    weights = None
    if method.startswith('MELTR'):
        wrapper = MELTRWrapper(
            model,
            MELTR(len(TASKS), (32, 32), 32, dropout=0.),
            losses=TASKS,
            primary=TASKS[0])
        optim_wrapper = AIDOptimWrapper(
            optimizer=optimizer,
            meta_optimizer=torch.optim.Adam(
                wrapper.meltr.parameters(), lr=1e-3),
            gamma=0.,
            history=dict(seed=seed),
            meta_dataloader=DataLoader(kept, HELD_OUT) if held_out else None)
        trace = []
        for _ in range(steps):
            log = wrapper.train_step(next(batches), optim_wrapper)
            trace.append([float(log[f'weight/{name}']) for name in TASKS])
        weights = torch.tensor(trace).mean(0).tolist()
    else:
        for _ in range(steps):
            losses = model(*next(batches), mode='loss')
            chosen = TASKS[:1] if method == 'primary only' else TASKS
            optimizer.zero_grad()
            sum(losses[name] for name in chosen).backward()
            optimizer.step()

    with torch.no_grad():
        error = model(problem.test_inputs)[:, 0] - problem.test_targets
    return Result(error.square().mean().item(), weights)


def _endless(loader):
    while True:
        yield from loader


def table(seeds: int = 5, steps: int = 1200) -> Dict[str, Row]:
    """Run every method on every seed.

    Args:
        seeds (int): Number of seeds. Defaults to 5.
        steps (int): Parameter updates. Defaults to 1200.

    Returns:
        dict[str, Row]: What the seeds have in common.
    """
    rows = {}
    for method in METHODS:
        results = [run(method, seed, steps) for seed in range(seeds)]
        errors = torch.tensor([r.error for r in results])
        weights = None
        if results[0].weights:
            weights = [sum(w) / seeds
                       for w in zip(
                           *(r.weights for r in results))]
        rows[method] = Row(
            errors.mean().item(), errors.std().item() if seeds > 1 else 0.,
            errors.max().item(), weights)
    return rows


def show(rows: Dict[str, Row]) -> str:
    """Format the rows as a Markdown table."""
    names = [t[len('loss_'):] for t in TASKS]
    lines = ['| method | test error ± spread | worst seed | weights '
             f'({" / ".join(names)}) |', '|---|---|---|---|']
    for method, row in rows.items():
        weights = '' if row.weights is None else ' / '.join(
            f'{w:.2f}' for w in row.weights)
        lines.append(f'| {method} | {row.error:.3f} ± {row.spread:.3f} | '
                     f'{row.worst:.3f} | {weights} |')
    return '\n'.join(lines)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seeds', type=int, default=5)
    parser.add_argument('--steps', type=int, default=1200)
    args = parser.parse_args()
    print(show(table(args.seeds, args.steps)))
