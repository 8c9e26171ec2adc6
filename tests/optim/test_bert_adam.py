import math

import pytest
import torch
from mmengine.registry import OPTIMIZERS, PARAM_SCHEDULERS
from torch import nn

import meltr_mm  # noqa: F401

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


def test_two_steps_by_hand():
    weight = torch.tensor([2., -1.], dtype=torch.float64, requires_grad=True)
    other = torch.zeros(1, requires_grad=True)
    optimizer = OPTIMIZERS.build(
        dict(
            type='BertAdamW', params=[weight, other], lr=0.1,
            betas=(0.5, 0.75), eps=0.3, weight_decay=0.2))
    grads = torch.tensor([[4., -2.], [1., 0.]], dtype=torch.float64)
    for grad in grads:
        weight.grad = grad
        optimizer.step()

    def first(p, g):
        # m = g/2, v = g^2/4; corrections 1/2 and 1/4.
        p = p - 0.1 * 0.5 / 0.5 * (g / 2) / (abs(g) / 2 + 0.3)
        return p * (1 - 0.02)

    after = [first(2., 4.), first(-1., -2.)]
    # m = m/2 + g/2, v = 3v/4 + g^2/4; corrections 3/4 and 7/16.
    size = 0.1 * (7 / 16)**0.5 / 0.75
    after[0] -= size * 1.5 / ((0.75 * 4 + 0.25)**0.5 + 0.3)
    after[1] += size * 0.5 / ((0.75 * 1)**0.5 + 0.3)
    expected = 0.98 * torch.tensor(after, dtype=torch.float64)
    torch.testing.assert_close(weight.detach(), expected)
    assert other == 0 and other not in optimizer.state


def test_without_eps_and_decay_it_is_torchs():
    torch.manual_seed(0)
    weights = [torch.randn(5, dtype=torch.float64) for _ in range(2)]
    weights[1] = weights[0].clone()
    options = dict(lr=0.01, betas=(0.9, 0.98), eps=0., weight_decay=0.)
    optimizers = [
        OPTIMIZERS.build(dict(type=name, params=[weight], **options))
        for name, weight in zip(('BertAdamW', 'AdamW'), weights)
    ]
    for _ in range(5):
        grad = torch.randn(5, dtype=torch.float64)
        for weight, optimizer in zip(weights, optimizers):
            weight.grad = grad.clone()
            optimizer.step()
    torch.testing.assert_close(*weights)


@pytest.mark.parametrize('option, message', [
    (dict(lr=-1.), 'lr must not be negative, but got -1'),
    (dict(betas=(0.9, 1.)), r'less than 1, but got \(0.9, 1.0\)'),
])
def test_arguments_out_of_range(option, message):
    with pytest.raises(ValueError, match=message):
        OPTIMIZERS.build(
            dict(type='BertAdamW', params=[torch.zeros(1)], **option))
