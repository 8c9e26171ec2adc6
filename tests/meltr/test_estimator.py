"""estimator='auto': the cheapest exact way that a model supports."""
import pytest
import torch
import torch.nn.functional as F
from aid_building import build, phi, weights
from mmengine.runner import Runner
from shared_trunk import NoForwardMode, batch
from test_wrapper import wrap
from torch.utils.data import DataLoader

from meltr_mm._torch import OutOfMemoryError


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
    assert optim_wrapper.estimator.chosen == 'vjp'
    assert sum(reason in w for w in warnings) == 1
    assert optim_wrapper.meta_steps == 3


def test_auto_takes_jvp_where_it_is_right():
    model = wrap()
    optim_wrapper = build(model)
    model.train_step(batch(0), optim_wrapper)
    assert optim_wrapper.estimator.chosen == 'jvp'


def test_auto_is_not_misled_by_the_dropout_of_fused_attention(monkeypatch):
    """A CUDA kernel, which draws other masks, is imitated on the CPU."""
    attention, drawn = F.scaled_dot_product_attention, []

    def draws_other_masks(*args, **kwargs):
        if torch.backends.cuda.flash_sdp_enabled():
            drawn.append(torch.rand(1))
        return attention(*args, **kwargs)

    monkeypatch.setattr(F, 'scaled_dot_product_attention', draws_other_masks)
    model = wrap()
    trunk = model.model.trunk.forward

    def attends(x):
        y = trunk(x)
        return y + F.scaled_dot_product_attention(y, y, y, dropout_p=0.5)

    model.model.trunk.forward = attends
    optim_wrapper = build(model, gamma=0.1)
    for n in range(2):
        model.train_step(batch(n), optim_wrapper)
    assert drawn
    assert optim_wrapper.estimator.chosen == 'jvp'


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


def test_runner_that_compiles_trains_as_the_plain_one(tmp_path):
    """MMEngine's `compile` replaces `train_step` as a whole."""
    runs = []
    for compiled in (False, dict(backend='aot_eager')):
        torch._dynamo.reset()
        model = wrap()
        runner = Runner(
            model=model, work_dir=str(tmp_path / str(bool(compiled))),
            train_dataloader=DataLoader(
                [batch(n) for n in range(6)],
                collate_fn=lambda batches: batches[0]),
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=build(model, interval=2),
            default_hooks=dict(checkpoint=None), default_scope='mmaction',
            experiment_name=f'compiled_{bool(compiled)}',
            cfg=dict(compile=compiled))
        runner.train()
        assert runner.optim_wrapper.meta_steps == 3
        assert runner.optim_wrapper.estimator.chosen == 'jvp'
        runs.append((weights(model), phi(model)))
    torch.testing.assert_close(*runs, rtol=1e-9, atol=1e-12)


def test_a_batch_without_gradients_decides_nothing():
    model = wrap()
    optim_wrapper = build(model, gamma=0.)
    still = dict(batch(0), targets=model(batch(0)['inputs']).detach())
    model.train_step(still, optim_wrapper)
    assert optim_wrapper.estimator.chosen is None
    optim_wrapper.history.batches.clear()
    model.train_step(batch(1), optim_wrapper)
    assert optim_wrapper.estimator.chosen == 'jvp'


def test_no_memory_is_no_missing_formula():
    model = wrap()
    optim_wrapper = build(model)
    trunk = model.model.trunk.forward

    def short_of_memory(x):
        if torch._C._is_fwd_grad_enabled() and not torch.is_grad_enabled():
            raise OutOfMemoryError('none left')
        return trunk(x)

    model.model.trunk.forward = short_of_memory
    with pytest.raises(OutOfMemoryError):
        model.train_step(batch(0), optim_wrapper)


def test_a_formula_that_is_missing_later(warnings):
    """vjp takes over on that meta step, which is made nevertheless."""
    steps, runs = [], []
    for estimator in ('auto', 'vjp'):
        model = wrap()
        optim_wrapper = build(model, estimator=estimator, recheck=2)
        trunk = model.model.trunk.forward
        for n in range(5):
            if n == 3:
                model.model.trunk.forward = \
                    lambda x, f=trunk: NoForwardMode.apply(f(x))
            model.train_step(batch(n), optim_wrapper)
        steps.append(optim_wrapper.meta_steps)
        runs.append(phi(model))
        if estimator == 'auto':
            assert optim_wrapper.estimator.chosen == 'vjp'
    assert steps == [5, 5]
    torch.testing.assert_close(*runs, rtol=1e-9, atol=1e-12)
    told = [w for w in warnings if 'forward mode is not possible' in w]
    assert len(told) == 1 and 'NoForwardMode' in told[0]


def test_jvp_is_compared_again_and_again():
    model = wrap()
    optim_wrapper = build(model, recheck=2)
    auto, compared = optim_wrapper.estimator, []
    for n in range(8):
        before = auto.since_check
        model.train_step(batch(n), optim_wrapper)
        compared.append(auto.since_check <= before)
    assert compared == [True, False, False] * 2 + [True, False]
    assert auto.chosen == 'jvp'


def test_a_drift_is_seen_at_the_next_comparison(warnings):
    model = wrap()
    optim_wrapper = build(model, recheck=2)
    trunk = model.model.trunk.forward
    for n in range(5):
        if n == 2:
            model.model.trunk.forward = lambda x: StopsTangents.apply(trunk(x))
        model.train_step(batch(n), optim_wrapper)
    assert optim_wrapper.estimator.chosen == 'vjp'
    assert sum('differ by' in w for w in warnings) == 1


def test_where_a_formula_is_missing_is_named(warnings):
    model = wrap()

    class Block(torch.nn.Module):

        def forward(self, x):
            return NoForwardMode.apply(x)

    model.model.trunk.add_module('odd_one', Block())
    optim_wrapper = build(model)
    model.train_step(batch(0), optim_wrapper)
    assert any('NoForwardMode' in w and 'trunk.odd_one' in w
               for w in warnings)
