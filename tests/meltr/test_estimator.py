"""estimator='auto': the cheapest exact way that a model supports."""
import pytest
import torch
from aid_building import build, phi, weights
from shared_trunk import NoForwardMode, batch
from test_wrapper import wrap


class StopsTangents(torch.autograd.Function):
    """Silently differs: a wrong forward-mode rule."""

    @staticmethod
    def forward(x):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad):
        return grad

    @staticmethod
    def jvp(ctx, tangent):
        return 3 * tangent


@pytest.mark.parametrize('function,reason', [
    (NoForwardMode, 'forward mode is not possible here'),
    (StopsTangents, 'differ by'),
])
def test_auto_falls_back_with_one_warning(function, reason, warnings):
    model = wrap()
    trunk = model.model.trunk.forward
    model.model.trunk.forward = lambda x: function.apply(trunk(x))
    optim_wrapper = build(model)
    for n in range(3):
        model.train_step(batch(n), optim_wrapper)
    assert optim_wrapper.hypergradient.chosen == 'vjp'
    assert sum(reason in w for w in warnings) == 1
    assert optim_wrapper.meta_steps == 3


def test_auto_takes_jvp_where_it_is_right():
    model = wrap()
    optim_wrapper = build(model)
    model.train_step(batch(0), optim_wrapper)
    assert optim_wrapper.hypergradient.chosen == 'jvp'


@pytest.mark.parametrize('estimator', ['auto', 'vjp'])
def test_compiled_model_trains_as_the_plain_one(estimator):
    runs = []
    for compiled in (False, True):
        model = wrap()
        if compiled:
            model.model.trunk.compile(backend='aot_eager')
        optim_wrapper = build(model, estimator=estimator)
        for n in range(4):
            model.train_step(batch(n), optim_wrapper)
        assert optim_wrapper.meta_steps == 4
        runs.append((weights(model), phi(model)))
    torch.testing.assert_close(*runs, rtol=1e-9, atol=1e-12)
