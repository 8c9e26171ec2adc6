import math

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn


def rates(steps, **kwargs):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.)
    scheduler = PARAM_SCHEDULERS.build(
        dict(type='PeriodicLR', optimizer=optimizer, **kwargs))
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return values


def test_sawtooth():
    assert rates(8, period=3) == [1.5, 1, .5, 2, 1.5, 1, .5, 2]


def test_cosine_after_warm_up():
    values = rates(9, period=9, shape='warmup_cosine', warmup=0.25)
    assert values == pytest.approx(
        [0.8, 1.6] + [1 + math.cos(math.pi * t / 10) for t in range(3, 10)])


def test_milestones():
    assert rates(4, period=999, milestones=[1, 3], gamma=.5
                 ) == pytest.approx([1.998, .998, .997, .498])


def test_end():
    assert rates(5, period=9, end=3) == pytest.approx(
        [1.8, 1.6, 1.4, 1.4, 1.4])


def test_epochs_are_converted():
    converted = PARAM_SCHEDULERS.build(
        dict(
            type='PeriodicLR',
            optimizer=torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.),
            period=4,
            milestones=[2],
            by_epoch=True,
            convert_to_iter_based=True,
            epoch_length=5,
            end=3))
    assert (converted.period, converted.milestones) == (20, (10, ))
    assert (converted.begin, converted.end) == (0, 15)
    assert not converted.by_epoch


def test_resume():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.)

    def build():
        return PARAM_SCHEDULERS.build(
            dict(type='PeriodicLR', optimizer=optimizer, period=7))

    first = build()
    for _ in range(5):
        optimizer.step()
        first.step()
    second = build()
    second.load_state_dict(first.state_dict())
    optimizer.step()
    second.step()
    assert optimizer.param_groups[0]['lr'] == rates(7, period=7)[-1]


@pytest.mark.parametrize('wrong, message', [
    (dict(period=3, shape='linear'), "shape must be one of.*'linear'"),
    (dict(period=0), 'period must be positive'),
    (dict(period=4, by_epoch=True), 'add convert_to_iter_based=True'),
])
def test_wrong_settings(wrong, message):
    with pytest.raises(ValueError, match=message):
        rates(1, **wrong)
