"""Replay a recorded training of All-in-one, through our optimiser wrapper."""
from typing import Iterable, List, Tuple

import torch
from checkout import ROOT
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from meltr_mm.meltr import AIDOptimWrapper, BatchHistory, MELTRWrapper
from meltr_mm.models.all_in_one.checkpoint import (
    ALL_IN_ONE_KEYS,
    from_official,
    to_official,
)
from parity_checks.all_in_one_replay import LOSSES, make_samples, sizes
from parity_checks.meltr import ESTIMATORS
from parity_checks.report import Report

# What the replay itself takes from an event.
DRAWN = ('iter', 'batch_id', 'history_draws', 'evicted')
# Recorded in double precision; rounding alone, over a dozen updates.
RTOL = 1e-9
FLOOR = 1e-10
WEIGHT_FLOOR = 1e-9


def check(fixture: dict) -> Report:
    """Compare our training, step by step, with the recorded one.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: The comparison.
    """
    report = Report([
        *(f'events.{i}.{key}' for i, event in enumerate(fixture['events'])
          for key in event if key not in DRAWN),
        *(f'final_state_dict.{name}' for name in fixture['final_state_dict']),
        'param_groups'
    ])
    for estimator in ESTIMATORS:
        _check_training(report, fixture, estimator)
    return report


class RecordedHistory(BatchHistory):
    """Draws and evicts as it was recorded.

    Args:
        events (list[dict]): Of the fixture.
    """

    def __init__(self, events: List[dict]) -> None:
        super().__init__()
        self.draws = iter([position for event in events
                           for position, _ in event.get('history_draws', [])])
        self.evictions = iter(
            [event['evicted'] for event in events if 'evicted' in event])

    def draw(self) -> list:
        """Return the batch that was drawn."""
        return self.batches[next(self.draws)]

    def _evicted(self) -> int:
        return next(self.evictions)

    def batch_ids(self) -> List[int]:
        """Return the numbers of the batches that it holds."""
        return [window[0]['data_samples'][0].batch_id
                for window in self.batches]


def _check_training(report: Report, fixture: dict, estimator: str) -> None:
    model = _build_model(fixture)
    optim_wrapper, schedulers = _build_optimisers(fixture, model, estimator)
    if estimator == ESTIMATORS[0]:
        report.same('param_groups', _groups(model, optim_wrapper),
                    _official_groups(fixture['param_groups']))
    history = RecordedHistory(fixture['events'])
    optim_wrapper.history = history
    seen = _heard_calls(model.meltr)
    for number, event in enumerate(fixture['events']):
        before = optim_wrapper.meta_steps
        seen.clear()
        rate = optim_wrapper.get_lr()['lr'][0]
        model.train_step(
            _make_batch(fixture, event['batch_id']), optim_wrapper)
        numbers = dict(
            lr=rate,
            meltr_calls=list(seen),
            main_param_norm=_norm(model.model.parameters()),
            meltr_param_norm=_norm(model.meltr.parameters()))
        for key, value in numbers.items():
            expected = event[key]
            if key == 'meltr_calls':
                expected = [(*losses, output) for losses, output in expected]
            report.close(f'events.{number}.{key}', _double(value),
                         _double(expected), RTOL, FLOOR, estimator)
        report.same(f'events.{number}.meta_step',
                    [optim_wrapper.meta_steps > before], [event['meta_step']])
        report.same(f'events.{number}.history_after', history.batch_ids(),
                    event['history_after'])
        for scheduler in schedulers:
            scheduler.step()
    trained = to_official(model.state_dict())
    for name, weight in fixture['final_state_dict'].items():
        report.close(f'final_state_dict.{name}', trained[name], weight, 0.,
                     WEIGHT_FLOOR, estimator)


def _build_model(fixture: dict) -> MELTRWrapper:
    config = fixture['config']
    losses = [LOSSES[task] for task in config['current_tasks']]
    meltr = {
        key[len('aux_model.'):]: value
        for key, value in fixture['init_state_dict'].items()
        if key.startswith('aux_model.')
    }
    model = MODELS.build(
        dict(
            type='MELTRWrapper',
            losses=losses,
            primary=losses[0],
            meltr=dict(
                type='MELTR',
                hidden_dims=meltr['loss_fc2.weight'].shape[::-1],
                feedforward_dim=len(meltr['encoder.linear1.bias'])),
            model=dict(
                type='AllInOne',
                heads=dict(mlm=dict(), itc=dict(shared_dim=config['shared'])),
                target='itc',
                **sizes(config)))).double()
    model.load_state_dict(from_official(fixture['init_state_dict']))
    return model.eval()


def _build_optimisers(fixture: dict, model: MELTRWrapper,
                      estimator: str) -> Tuple[AIDOptimWrapper, list]:
    """Build those of our recipe, with the recorded numbers."""
    recipe = Config.fromfile(ROOT / 'configs' / '_base_' / 'all_in_one.py')
    config, meta = fixture['config'], fixture['config']['meltr']
    optim_wrapper = build_optim_wrapper(
        model,
        dict(
            recipe.optim_wrapper,
            estimator=estimator,
            inverse_hessian=None,
            gamma=config['gamma'],
            interval=config['auxgrad_every'],
            meta_clip_grad=dict(max_norm=meta['max_grad_norm']),
            optimizer=dict(
                type='BertAdamW',
                lr=config['learning_rate'],
                betas=config['betas'],
                eps=config['eps'],
                weight_decay=config['weight_decay']),
            meta_optimizer=dict(
                type='Adam',
                lr=meta['lr'],
                betas=meta['betas'],
                weight_decay=meta['weight_decay'])))
    # The official counts have the end itself as the first step at 0.
    ends = config['warmup_steps'] + 1, config['max_steps'] + 1
    schedulers = []
    for cfg, end in zip(recipe.param_scheduler, ends):
        cfg = dict(cfg, by_epoch=False, end=end, optimizer=optim_wrapper)
        if cfg['begin']:
            cfg['begin'] = config['warmup_steps']
        del cfg['convert_to_iter_based']
        schedulers.append(PARAM_SCHEDULERS.build(cfg))
    return optim_wrapper, schedulers


def _make_batch(fixture: dict, number: int) -> dict:
    inputs = fixture['batches'][number]
    samples = make_samples(inputs)
    for sample in samples:
        sample.set_metainfo(dict(batch_id=number))
    return dict(
        inputs=inputs['video'].double().transpose(1, 2), data_samples=samples)


def _heard_calls(meltr: nn.Module) -> list:
    """Collect what goes into MELTR, and what comes out."""
    calls: list = []
    meltr.register_forward_hook(
        lambda module, args, output: calls.append(
            (*args[0].tolist(), output.item())))
    return calls


def _groups(model: MELTRWrapper, optim_wrapper: AIDOptimWrapper) -> list:
    names = {id(p): name for name, p in model.model.named_parameters()}
    groups: dict = {}
    for group in optim_wrapper.optimizer.param_groups:
        groups.setdefault(group['weight_decay'], []).extend(
            names[id(p)] for p in group['params'])
    return sorted((decay, sorted(group)) for decay, group in groups.items())


def _official_groups(recorded: List[dict]) -> list:
    groups: dict = {}
    for group in recorded:
        groups.setdefault(group['weight_decay'], []).extend(
            ALL_IN_ONE_KEYS(name) for name in group['names'])
    return sorted((decay, sorted(group)) for decay, group in groups.items())


def _norm(parameters: Iterable[nn.Parameter]) -> float:
    return torch.cat([p.detach().flatten() for p in parameters]).norm().item()


def _double(value: object) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)
