"""float16 with a gradient scaler, here on the CPU."""
from contextlib import contextmanager

import pytest
import torch
from aid_building import build, phi
from mmengine.model import BaseModel
from mmengine.optim.optimizer import amp_optimizer_wrapper
from shared_trunk import SharedTrunk, batch
from torch import nn
from zip_equal import zip_equal

from meltr_mm.meltr import MELTR, MELTRWrapper, optim_wrapper
from meltr_mm.meltr.hypergradient import hypergradient


@contextmanager
def half(*args, **kwargs):
    with torch.autocast('cpu', dtype=torch.float16):
        yield


@pytest.fixture
def on_the_cpu(monkeypatch):
    """MMEngine's scaler and autocast are for the GPU."""
    if not hasattr(torch.amp, 'GradScaler'):  # 2.3
        pytest.skip('this torch has no gradient scaler for the CPU')
    monkeypatch.setattr(optim_wrapper, 'autocast', half)
    monkeypatch.setattr('mmengine.runner.amp.autocast', half)
    monkeypatch.setattr(
        amp_optimizer_wrapper, 'GradScaler',
        lambda **kwargs: torch.amp.GradScaler('cpu', **kwargs))


class Classifier(BaseModel):
    """Two losses whose gradients overflow long before M's."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(32, 64)
        self.heads = nn.ModuleList(nn.Linear(64, 10) for _ in range(2))

    def forward(self, inputs, labels, mode='tensor'):
        hidden = self.trunk(inputs).relu()
        losses = [nn.functional.cross_entropy(head(hidden).float(), labels)
                  for head in self.heads]
        return dict(zip_equal(('loss_a', 'loss_b'), losses))


class Thousandth(nn.Module):
    """A combiner whose weights are small."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.full((2,), 1e-3))

    def forward(self, losses):
        return self.weights @ losses


def wrapped(meltr=None):
    torch.manual_seed(0)
    return MELTRWrapper(
        Classifier(), meltr or dict(type='MELTR', dropout=0.),
        ['loss_a', 'loss_b'], 'loss_a')


@pytest.mark.parametrize('estimator', ['vjp', 'jvp', 'auto'])
def test_a_scale_that_only_the_weighted_losses_bear(estimator, on_the_cpu):
    """It is lowered for the meta step, and none is skipped."""
    model = wrapped(Thousandth())
    rates = dict(optimizer=dict(type='SGD', lr=1e-4),
                 meta_optimizer=dict(type='SGD', lr=1e-6), gamma=0.)
    wrapper = build(model, type='AmpAIDOptimWrapper', estimator=estimator,
                    loss_scale=dict(init_scale=2.**20), **rates)
    data = dict(inputs=8 * torch.randn(8, 32), labels=torch.randint(10, (8,)))
    for _ in range(12):
        model.train_step(data, wrapper)
    assert wrapper.meta_steps == wrapper.updates == 12
    assert wrapper._scale() < wrapper.loss_scaler.get_scale()
    again = build(wrapped(Thousandth()), type='AmpAIDOptimWrapper', **rates)
    again.load_state_dict(wrapper.state_dict())
    assert again._scale() == wrapper._scale()


def test_forward_mode_of_small_gradients(on_the_cpu):
    """A tangent in half precision must not vanish."""
    torch.manual_seed(0)
    model, meltr = SharedTrunk().float(), MELTR(3, dropout=0.)
    data = batch(0, 64, torch.float32)

    def losses(factor=1.):
        with half():
            outputs = model(**data, mode='loss')
        return factor * torch.stack(list(outputs.values())).float()

    found = {
        estimator: hypergradient(
            model, meltr, lambda: losses(1e-7)[:1], losses,
            estimator=estimator, scale=2.**14).products
        for estimator in ('vjp', 'jvp')
    }
    torch.testing.assert_close(
        found['jvp'], found['vjp'], rtol=2e-2, atol=2e-2 * float(
            found['vjp'].abs().max()))


def test_second_order_at_the_default_scale(on_the_cpu):
    model = wrapped()
    wrapper = build(
        model, type='AmpAIDOptimWrapper', estimator='vjp',
        inverse_hessian=dict(type='Neumann', terms=2),
        optimizer=dict(type='SGD', lr=1e-4),
        meta_optimizer=dict(type='SGD', lr=1e-4))
    before = phi(model)
    model.train_step(dict(inputs=torch.randn(8, 32),
                          labels=torch.randint(10, (8,))), wrapper)
    assert wrapper.meta_steps == 1 and not torch.equal(before, phi(model))
