import pytest
import torch
from mmengine.registry import OPTIMIZERS

import meltr_mm  # noqa: F401


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
