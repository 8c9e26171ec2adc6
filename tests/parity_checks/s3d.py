"""Replay a fixture of the network of UniVL's features."""
import zlib
from typing import Dict, Sequence

import torch
from torch import Tensor

from meltr_mm.models.univl.s3dg import S3DG, load_s3dg
from parity_checks.recorded import recorded
from parity_checks.report import Report

RTOL = 1e-5


def check(fixture: dict) -> Report:
    """Compare our S3D-G with everything that a fixture recorded.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: The comparison.
    """
    weights = {key: _weight(key, shape)
               for key, shape in fixture['shapes'].items()}
    model = load_s3dg(weights)
    cases = {f'case{i}': {
        entry: value for entry, value in case.items()
        if entry in ('stages', 'features')
    } for i, case in enumerate(fixture['cases'])}
    report = Report(['shapes', *recorded(cases, list(cases), [])])
    # The file goes on with a layer for the space that it shares with texts.
    report.equal('shapes',
                 [f'{key} {tuple(value.shape)}'
                  for key, value in model.state_dict().items()],
                 [f'{key} {tuple(shape)}'
                  for key, shape in fixture['shapes'].items()
                  if not key.startswith('fc.')])
    for name, case in zip(cases, fixture['cases']):
        _check_case(report, name, case, model)
    return report


@torch.no_grad()
def _check_case(report: Report, name: str, case: dict, model: S3DG) -> None:
    stages: Dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(
            lambda module, args, output, stage=stage: stages.update(
                {stage: output}))
        for stage, module in model.named_children()
    ]
    features = model(case['video'].float() / 255)
    for hook in hooks:
        hook.remove()
    report.close(f'{name}.features', features, case['features'], RTOL)
    for stage, expected in case['stages'].items():
        states, path = stages[stage], f'{name}.stages.{stage}'
        report.same(f'{path}.shape', list(states.shape),
                    list(expected['shape']))
        # The first numbers may all be small, or 0.
        for entry, value, floor in (
                ('mean', states.mean(), 0.), ('std', states.std(), 0.),
                ('head', states.flatten()[:16], RTOL * expected['std'])):
            report.close(f'{path}.{entry}', value,
                         torch.as_tensor(expected[entry]), RTOL, floor)


def _weight(key: str, shape: Sequence[int]) -> Tensor:
    """Make a weight by the recipe of the fixture, from its name."""
    kind = key.rpartition('.')[2]
    if kind == 'num_batches_tracked':
        return torch.tensor(7)
    generator = torch.Generator().manual_seed(zlib.crc32(key.encode()))
    noise = torch.randn(tuple(shape), generator=generator)
    if kind == 'running_var':
        return 0.5 + noise.abs()
    if len(shape) > 1:
        return noise * (2 / noise[0].numel())**0.5
    is_norm = '.bn' in key and kind == 'weight'
    return float(is_norm) + 0.1 * noise

