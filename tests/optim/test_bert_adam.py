import math

import pytest
import torch
from mmengine.registry import OPTIMIZERS, PARAM_SCHEDULERS
from torch import nn

SHAPES = {
    'warmup_linear_down': 'linear_down',
    'warmup_linear': 'warmup_linear',
    'warmup_constant': 'warmup_constant'
}


def test_official_traces(load_fixture):
    traces = load_fixture('univl_extra.pt')['bert_adam']
    assert {trace['schedule'] for trace in traces} == {*SHAPES, 'none'}
    for trace in traces:
        params = [nn.Parameter(init.clone()) for init in trace['init']]
        norm = trace['max_grad_norm']
        optimizer = OPTIMIZERS.build(
            dict(
                type='BertAdam',
                params=[
                    dict(params=[p], lr=lr, weight_decay=decay)
                    for p, lr, decay in zip(params, trace['base_lr'],
                                            trace['weight_decay'])
                ],
                lr=0.,
                max_grad_norm=norm if norm > 0 else None))
        scheduler = None
        if trace['schedule'] != 'none':
            epochs = trace['epochs']
            scheduler = PARAM_SCHEDULERS.build(
                dict(
                    type='PeriodicLR',
                    optimizer=optimizer,
                    period=trace['t_warmup'],
                    shape=SHAPES[trace['schedule']],
                    warmup=trace['warmup_proportion'],
                    milestones=[epochs.index(m)
                                for m in trace['milestones'] or ()],
                    gamma=trace['milestones_proportion']))
        for grads, after, rates in zip(
                trace['grads'], trace['params_after_each_step'],
                trace['lr_used_each_step']):
            assert [group['lr'] for group in optimizer.param_groups
                    ] == pytest.approx(rates, rel=1e-12, abs=1e-18)
            for p, grad in zip(params, grads):
                p.grad = grad.clone()
            optimizer.step()
            if scheduler:
                scheduler.step()
            for p, expected in zip(params, after):
                torch.testing.assert_close(p.data, expected, rtol=1e-6,
                                           atol=1e-7)


def test_first_step_by_hand():
    p = nn.Parameter(torch.tensor([2., -1.], dtype=torch.float64))
    optimizer = OPTIMIZERS.build(
        dict(type='BertAdam', params=[p], lr=0.1, eps=0., weight_decay=0.5))
    p.grad = torch.tensor([30., 40.], dtype=torch.float64)  # norm 50 -> 1
    optimizer.step()
    length = 0.1 / math.sqrt(0.001)
    torch.testing.assert_close(
        p.data,
        torch.tensor([2 - 0.1 * (length + 1), -1 - 0.1 * (length - 0.5)],
                     dtype=torch.float64))
    torch.testing.assert_close(
        optimizer.state[p]['exp_avg'],
        torch.tensor([0.06, 0.08], dtype=torch.float64))


def test_state_round_trip():
    def run(steps, state=None, start=None):
        p = nn.Parameter(torch.ones(3) if start is None else start.clone())
        optimizer = OPTIMIZERS.build(
            dict(type='BertAdam', params=[p], lr=0.1))
        if state:
            optimizer.load_state_dict(state)
        for i in steps:
            optimizer.step(lambda i=i: (optimizer.zero_grad(), (
                p * torch.arange(3.) * (i - 2)).sum().backward()))
        return p.data, optimizer.state_dict()

    whole, _ = run(range(6))
    half, state = run(range(3))
    resumed, _ = run(range(3, 6), state, half)
    torch.testing.assert_close(resumed, whole)
    assert not torch.equal(half, whole)


def test_parameters_without_gradient_stay():
    p = nn.Parameter(torch.ones(2))
    OPTIMIZERS.build(dict(type='BertAdam', params=[p], lr=1.)).step()
    assert p.tolist() == [1, 1]


@pytest.mark.parametrize('wrong, message', [
    (dict(lr=-1.), 'lr must be at least 0, but got -1'),
    (dict(betas=(0.9, 1.)), r'betas must be in \[0, 1\)'),
    (dict(max_grad_norm=0.), 'max_grad_norm must be positive or None'),
])
def test_wrong_numbers(wrong, message):
    with pytest.raises(ValueError, match=message):
        OPTIMIZERS.build(
            dict(dict(type='BertAdam', lr=0.1), **wrong,
                 params=[nn.Parameter(torch.ones(1))]))
