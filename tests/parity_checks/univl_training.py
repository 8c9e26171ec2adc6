"""Replay a recorded training of UniVL, through our optimiser wrapper."""
import math
from typing import Iterator, List, Tuple
from unittest.mock import patch

import torch
from mmaction.registry import MODELS
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from torch import Tensor

from meltr_mm.meltr import AIDOptimWrapper, MELTRWrapper
from meltr_mm.models.univl.checkpoint import UNIVL_KEYS, to_official
from parity_checks.meltr import ESTIMATORS, build_meltr, largest
from parity_checks.report import Report
from parity_checks.univl import build_model, loss_names, make_batch

# The order of the losses, which the fixture leaves to its target.
TASKS = ('joint', 'alignment', 'mlm', 'mfm', 'm_joint', 'm_align', 'decoder',
         'm_decoder')
# No decay for biases and LayerNorms, but for the weight that normalises the
# features, whose official name does not say that it belongs to one.
DECAY_GROUPS = dict(
    norm_decay_mult=0.,
    bias_decay_mult=0.,
    custom_keys={'video_norm.weight': dict(decay_mult=1.)})
# Official names of schedules where ours differ.
SCHEDULES = dict(warmup_linear_down='linear_down')
# Single precision, over several updates.
LOSS_RTOL = 1e-5
OUTPUT_RTOL = 1e-4
GRADIENT_RTOL = 1e-4
FLOOR = 1e-5
WEIGHT_FLOOR = 5e-5


def check(fixture: dict) -> Report:
    """Compare our training, step by step, with the recorded one.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: The comparison.
    """
    record = fixture['record']
    report = Report([
        *(f'record.{key}.{i}' for key in ('net_losses', 'meltr_outputs')
          for i in range(len(record[key]))),
        *(f'record.meta_grads.{i}.{name}'
          for i, grads in enumerate(record['meta_grads']) for name in grads),
        'record.main_total_grad_norm', 'record.draws', 'mean_train_loss',
        *(f'final_params.{name}' for name in fixture['final_params']),
        *(f'meltr_final.{name}' for name in fixture['meltr_final'])
    ])
    for estimator in ESTIMATORS:
        _check_training(report, fixture, estimator)
    return report


def _check_training(report: Report, fixture: dict, estimator: str) -> None:
    record, hyper = fixture['record'], fixture['hyper']
    model, optim_wrapper, schedule = _build_run(fixture, estimator)
    run = _Listener(model, optim_wrapper, record['draws'])
    for number, inputs in enumerate(fixture['batches']):
        features, samples = make_batch(inputs)
        run.step(dict(inputs=list(features), data_samples=samples))
        schedule.step()
        if number % hyper['auxgrad_every'] == 0:
            run.note_meta_step(hyper['gamma'] * hyper['use_reg'])

    for key, rtol in (('net_losses', LOSS_RTOL),
                      ('meltr_outputs', OUTPUT_RTOL)):
        report.same(f'record.{key}', [len(getattr(run, key))],
                    [len(record[key])])
        for i, (ours, theirs) in enumerate(
                zip(getattr(run, key), record[key])):
            report.close(f'record.{key}.{i}', ours, theirs, rtol, FLOOR,
                         estimator)
    report.close('record.main_total_grad_norm', torch.tensor(run.norms),
                 torch.tensor(record['main_total_grad_norm']), GRADIENT_RTOL,
                 variant=estimator)
    report.same('record.draws', run.draws, record['draws'])
    report.close('mean_train_loss', torch.cat(run.training_losses).mean(),
                 torch.tensor(fixture['mean_train_loss']), OUTPUT_RTOL,
                 variant=estimator)
    report.same('record.meta_grads', [len(run.meta_grads)],
                [len(record['meta_grads'])])
    for i, (ours, theirs) in enumerate(
            zip(run.meta_grads, record['meta_grads'])):
        floor = FLOOR * largest(theirs)
        report.equal(f'record.meta_grads.{i}', list(ours), list(theirs))
        for name, grad in theirs.items():
            report.close(f'record.meta_grads.{i}.{name}',
                         ours.get(name, torch.zeros_like(grad)), grad,
                         GRADIENT_RTOL, floor, estimator)
    _check_weights(report, fixture, model, estimator)


def _build_run(fixture: dict, estimator: str) -> tuple:
    """Build MELTRWrapper, AIDOptimWrapper and scheduler as recorded."""
    hyper = fixture['hyper']
    meltr = build_meltr(
        dict(
            config=dict(fixture['meltr_dims'], nhead=8),
            state_dict=fixture['meltr_init']))
    # Officially MELTR stays in eval mode.
    meltr.encoder.dropout.p = meltr.encoder.dropout1.p = 0.
    meltr.encoder.dropout2.p = meltr.encoder.self_attn.dropout = 0.
    names = loss_names(TASKS)
    model = MODELS.build(
        dict(
            type='MELTRWrapper',
            model=build_model(fixture['config'], fixture['init_state']),
            meltr=meltr,
            losses=names,
            primary=names[hyper['target_tasks'].index(1)])).train()
    optim_wrapper = build_optim_wrapper(
        model,
        dict(
            type='AIDOptimWrapper',
            constructor='AIDOptimWrapperConstructor',
            optimizer=dict(
                type='BertAdam',
                lr=hyper['lr'],
                betas=(hyper['b1'], hyper['b2']),
                eps=hyper['eps'],
                weight_decay=hyper['weight_decay'],
                max_grad_norm=max(hyper['max_grad_norm_per_param'], 0) or None
            ),
            paramwise_cfg=DECAY_GROUPS,
            # Without a bound for the sake of the norm alone.
            clip_grad=dict(max_norm=hyper['global_clip'] or math.inf),
            meta_optimizer=dict(
                type='Adam',
                lr=hyper['meta_lr'],
                weight_decay=hyper['meta_weight_decay'],
                betas=hyper['meta_adam_betas'],
                eps=hyper['meta_adam_eps']),
            meta_clip_grad=dict(max_norm=hyper['meta_max_grad_norm']),
            estimator=estimator,
            gamma=hyper['gamma'] * hyper['use_reg'],
            interval=hyper['auxgrad_every'],
            begin=1,
            history=dict(capacity=hyper['buffer_max'], eviction='fifo')))
    schedule = PARAM_SCHEDULERS.build(
        dict(
            type='PeriodicLR',
            optimizer=optim_wrapper,
            period=int(hyper['t_warmup']),
            shape=SCHEDULES.get(hyper['schedule'], hyper['schedule'])))
    return model, optim_wrapper, schedule


class _Listener:
    """Trains with the recorded draws and keeps what the official run kept.

    Args:
        model (MELTRWrapper): Is trained.
        optim_wrapper (AIDOptimWrapper): Trains it.
        draws (list[dict]): Which batch of its history it is to draw.
    """

    def __init__(self, model: MELTRWrapper, optim_wrapper: AIDOptimWrapper,
                 draws: List[dict]) -> None:
        self.net_losses: List[Tensor] = []
        self.meltr_outputs: List[Tensor] = []
        self.training_losses: List[Tensor] = []
        self.norms: List[float] = []
        self.meta_grads: List[dict] = []
        self.draws: List[dict] = []
        self._model, self._optim_wrapper = model, optim_wrapper
        self._recorded: Iterator[dict] = iter(draws)
        self._result = None
        self._hypergradient = optim_wrapper.hypergradient
        optim_wrapper.hypergradient = self._keep_result
        optim_wrapper.meta_optimizer.register_step_pre_hook(self._keep_grads)

    def step(self, batch: dict) -> None:
        """Train on a batch."""
        with patch.object(self._optim_wrapper.history, 'draw', self._draw):
            logged = self._model.train_step(batch, self._optim_wrapper)
        loss = logged['loss'].reshape(1)
        self.net_losses.append(self._model.last_losses)
        self.meltr_outputs.append(loss)
        self.training_losses.append(loss)
        self.norms.append(MessageHub.get_current_instance().get_scalar(
            'train/grad_norm').current())

    def note_meta_step(self, gamma: float) -> None:
        """Keep the losses and the output of the meta step just done."""
        result, output = self._result
        gap = (result.losses.sum() - output).abs()
        self.net_losses += [(result.value - gamma * gap).reshape(1),
                            result.losses]
        self.meltr_outputs.append(output.reshape(1))

    def _draw(self) -> list:
        recorded = next(self._recorded)
        history = self._optim_wrapper.history
        self.draws.append(dict(recorded, buffer_len=len(history)))
        return history.batches[recorded['index']]

    def _keep_result(self, *args, **kwargs):
        result = self._hypergradient(*args, **kwargs)
        self._result = result, self._model.meltr(result.losses).detach()
        return result

    def _keep_grads(self, *args) -> None:
        self.meta_grads.append({
            name: p.grad.clone()
            for name, p in self._model.meltr.named_parameters()
            if p.grad is not None
        })


def _check_weights(report: Report, fixture: dict, model: MELTRWrapper,
                   estimator: str) -> None:
    trained = to_official(model.model.state_dict())
    for name, weight in fixture['final_params'].items():
        # The poolers are not used, and not in our model.
        ours = fixture['init_state'][name] if UNIVL_KEYS(name) is None else \
            trained[name]
        report.close(f'final_params.{name}', ours, weight, 0., WEIGHT_FLOOR,
                     estimator)
    trained = model.meltr.state_dict()
    for name, weight in fixture['meltr_final'].items():
        ours, theirs = _with_gradient(name, trained[name], weight)
        report.close(f'meltr_final.{name}', ours, theirs, 0., WEIGHT_FLOOR,
                     estimator)


def _with_gradient(name: str, *weights: Tensor) -> Tuple[Tensor, ...]:
    """Leave the biases of the keys out.

    Their gradient is zero but for rounding, and Adam makes steps of it.
    """
    if name != 'encoder.self_attn.in_proj_bias':
        return weights
    keep = torch.ones(3, len(weights[0]) // 3, dtype=torch.bool)
    keep[1] = False
    return tuple(weight[keep.flatten()] for weight in weights)
