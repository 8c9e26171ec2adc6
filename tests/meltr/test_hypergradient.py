"""The hypergradient against closed forms, finite differences and peers."""
import random
from functools import partial

import numpy as np
import pytest
import torch
from shared_trunk import SharedTrunk, batch
from torch import nn
from torch.utils.checkpoint import checkpoint
from zip_equal import zip_equal

from meltr_mm._torch import keep_compiled_graphs, math_attention
from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import ESTIMATORS, hypergradient

EXACT = ('jvp', 'vjp', 'double_backward')
A, B = batch(1), batch(2)


def losses_of(model, data):
    return torch.stack(list(model(**data, mode='loss').values()))


def primary_of(model, data):
    return model(**data, mode='loss')['loss_a']


def compute(model, meltr, estimator, gamma=0., a=A, b=B, **kwargs):
    return hypergradient(
        model, meltr, partial(primary_of, model, a),
        partial(losses_of, model, b), estimator=estimator, gamma=gamma,
        **kwargs)


@pytest.fixture
def pair():
    torch.manual_seed(0)
    return (SharedTrunk().double(),
            MELTR(3, (8, 16), 16).double().eval())


@pytest.mark.parametrize('gamma', [0., 0.1])
def test_estimators_agree(pair, gamma):
    reference = compute(*pair, 'double_backward', gamma)
    assert len(reference.grads) == len(list(pair[1].parameters())) - 1
    assert 'encoder.norm2.bias' not in reference.grads
    for estimator in ('jvp', 'vjp'):
        result = compute(*pair, estimator, gamma)
        assert result.grads.keys() == reference.grads.keys()
        for name, grad in reference.grads.items():
            torch.testing.assert_close(
                result.grads[name], grad, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(result.value, reference.value)
        torch.testing.assert_close(result.weights, reference.weights)
        torch.testing.assert_close(result.losses, reference.losses)


def test_gradient_of_phi_is_not_zero(pair):
    for estimator in EXACT:
        grads = compute(*pair, estimator).grads
        # The key bias shifts every attention score alike: exactly zero.
        assert all(g.abs().max() > 1e-8 for g in grads.values())


@pytest.mark.parametrize('gamma, normalise', [
    (0., False), (0.1, False), (0., True)])
def test_is_the_derivative_of_one_training_step(pair, gamma, normalise):
    """dV/dphi after w <- w - eta dL/dw, divided by eta, for small eta."""
    model, meltr = pair
    meltr.normalise = normalise
    start = {k: v.clone() for k, v in model.state_dict().items()}
    eta, h = 1e-5, 1e-4

    def objective(phi):
        nn.utils.vector_to_parameters(phi, meltr.parameters())
        model.load_state_dict(start)
        params = list(model.parameters())
        losses = losses_of(model, B)
        weights, = torch.autograd.grad(
            meltr(losses), losses, retain_graph=True)
        if normalise:
            weights = 3 * weights / weights.abs().sum()
        step = torch.autograd.grad(torch.dot(weights, losses), params)
        with torch.no_grad():
            for p, g in zip_equal(params, step):
                p -= eta * g
            # M inside V is held at the original phi: the regulariser acts
            # through w alone.
            nn.utils.vector_to_parameters(base, meltr.parameters())
            losses = losses_of(model, B)
            return primary_of(model, A) + gamma * (
                losses.sum() - meltr(losses)).abs()

    base = nn.utils.parameters_to_vector(meltr.parameters()).detach().clone()
    expected = compute(model, meltr, 'jvp', gamma).grads
    names = [n for n, _ in meltr.named_parameters()]
    flat = torch.cat([
        expected.get(n, torch.zeros_like(p)).flatten()
        for n, p in zip_equal(names, meltr.parameters())
    ])
    generator = torch.Generator().manual_seed(5)
    for _ in range(6):
        direction = torch.randn(
            base.shape, generator=generator, dtype=base.dtype)
        direction /= direction.norm()
        slope = (objective(base + h * direction)
                 - objective(base - h * direction)) / (2 * h * eta)
        torch.testing.assert_close(
            slope, flat @ direction, rtol=2e-3, atol=1e-6)


class SoftmaxWeights(nn.Module):
    """A combiner whose weights sum to one, so that L has Hessian 1 below."""

    def __init__(self):
        super().__init__()
        self.phi = nn.Parameter(torch.randn(3, dtype=torch.float64))

    def forward(self, losses):
        return torch.softmax(self.phi, 0) @ losses


class Quadratic(nn.Module):
    """l_t(w) = |w - c_t|^2 / 2, V(w) = |D(w - u)|^2 / 2."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(4, dtype=torch.float64))
        self.c = torch.randn(3, 4, dtype=torch.float64)
        self.u = torch.randn(4, dtype=torch.float64)
        self.d = torch.rand(4, dtype=torch.float64)

    def losses(self):
        return (self.w - self.c).square().sum(1) / 2

    def value(self):
        return (self.d * (self.w - self.u)).square().sum() / 2


@pytest.mark.parametrize('estimator', EXACT)
def test_is_the_true_gradient_where_the_hessian_is_the_identity(estimator):
    """At w*(phi) = sum_t softmax(phi)_t c_t the whole bi-level objective
    V(w*(phi)) has a closed form, and the identity is the exact inverse."""
    torch.manual_seed(3)
    model, combiner = Quadratic(), SoftmaxWeights()

    def solve():
        with torch.no_grad():
            model.w.copy_(torch.softmax(combiner.phi, 0) @ model.c)

    solve()
    grad = hypergradient(
        model, combiner, model.value, model.losses,
        estimator=estimator).grads['phi']
    h = 1e-5
    for t in range(3):
        ends = []
        for sign in (1, -1):
            combiner.phi.data[t] += sign * h
            solve()
            ends.append(model.value().item())
            combiner.phi.data[t] -= sign * h
        difference = (ends[0] - ends[1]) / (2 * h)
        assert grad[t].item() == pytest.approx(difference, abs=1e-9)


@pytest.mark.parametrize('gamma', [0., 0.1])
def test_dropout_masks_are_those_of_the_value(gamma):
    torch.manual_seed(0)
    model = SharedTrunk(dropout=0.5).double()
    meltr = MELTR(3, (8, 16), 16, dropout=0.).double()
    results = [compute(model, meltr, e, gamma) for e in EXACT]
    for result in results[1:]:
        torch.testing.assert_close(result.losses, results[0].losses)
        torch.testing.assert_close(
            result.grads, results[0].grads, rtol=1e-9, atol=1e-12)
    torch.manual_seed(1)  # and they are random
    assert not torch.equal(compute(model, meltr, 'jvp').losses,
                           results[0].losses)


class Augmented(SharedTrunk):
    """Draws from Python and numpy, as MMAction2's batch augmentation does."""

    def forward(self, inputs, targets=None, mode='tensor'):
        return super().forward(
            inputs * random.random() * np.random.rand(), targets, mode)


def test_draws_of_python_and_numpy_are_replayed():
    torch.manual_seed(0)
    model, meltr = Augmented().double(), MELTR(3, (8, 16), 16).double().eval()
    before = random.getstate(), np.random.get_state()[2]
    results = [compute(model, meltr, e, 0.1) for e in EXACT]
    assert (random.getstate(), np.random.get_state()[2]) == before
    for result in results[1:]:
        torch.testing.assert_close(
            result.grads, results[0].grads, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('gamma', [0., 0.1])
@pytest.mark.parametrize('estimator', ['jvp', 'vjp', 'finite_difference'])
def test_micro_batches_equal_the_whole_batch(pair, estimator, gamma):
    model, meltr = pair
    expected = compute(model, meltr, estimator, gamma)
    halves = [{k: v[i::2] for k, v in B.items()} for i in (0, 1)]
    result = hypergradient(
        model, meltr,
        [partial(primary_of, model, {k: v[i::3] for k, v in A.items()})
         for i in range(3)],
        [partial(losses_of, model, half) for half in halves],
        estimator=estimator, gamma=gamma)
    torch.testing.assert_close(result.value, expected.value)
    torch.testing.assert_close(
        result.grads, expected.grads, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('estimator', ESTIMATORS)
def test_leaves_everything_as_it_was(estimator):
    torch.manual_seed(0)
    model = SharedTrunk(dropout=0.3)
    model.trunk.append(nn.BatchNorm1d(8))
    model.double()
    meltr = MELTR(3, (8, 16), 16).double()
    weights = {k: v.clone() for k, v in model.state_dict().items()}
    phi = {k: v.clone() for k, v in meltr.state_dict().items()}
    generator = torch.get_rng_state()
    parameters = {n: id(p) for n, p in model.named_parameters()}
    compute(model, meltr, estimator, 0.1)
    torch.testing.assert_close(dict(model.state_dict()), weights,
                               rtol=0, atol=0)
    torch.testing.assert_close(dict(meltr.state_dict()), phi, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), generator)
    assert {n: id(p) for n, p in model.named_parameters()} == parameters
    assert all(p.grad is None
               for m in (model, meltr) for p in m.parameters())


@pytest.mark.parametrize('estimator', ESTIMATORS)
def test_an_error_in_the_model_changes_nothing(pair, estimator):
    model, meltr = pair
    weights = {k: v.clone() for k, v in model.state_dict().items()}

    def fails():
        losses_of(model, B)
        raise RuntimeError('out of memory')

    with pytest.raises(RuntimeError, match='out of memory'):
        hypergradient(model, meltr, partial(primary_of, model, A), fails,
                      estimator=estimator)
    torch.testing.assert_close(dict(model.state_dict()), weights,
                               rtol=0, atol=0)
    assert all(isinstance(p, nn.Parameter) for p in model.parameters())
    assert torch._C._is_fwd_grad_enabled()


@pytest.mark.parametrize('reentrant', [False, True])
def test_checkpointed_model(reentrant):
    torch.manual_seed(0)
    model, meltr = SharedTrunk().double(), MELTR(3, (8, 16), 16).double()
    meltr.eval()
    expected = compute(model, meltr, 'double_backward', 0.1).grads
    trunk = model.trunk.forward
    model.trunk.forward = lambda x: checkpoint(
        trunk, x.requires_grad_(), use_reentrant=reentrant)
    for estimator in EXACT:
        torch.testing.assert_close(
            compute(model, meltr, estimator, 0.1).grads, expected,
            rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('gamma', [0., 0.1])
def test_compiled_model(pair, gamma):
    model, meltr = pair
    expected = compute(model, meltr, 'double_backward', gamma).grads
    model.trunk = torch.compile(model.trunk, backend='aot_eager')
    keep_compiled_graphs()
    for estimator in ('jvp', 'vjp', 'finite_difference'):
        tolerance = 1e-3 if estimator == 'finite_difference' else 1e-9
        torch.testing.assert_close(
            compute(model, meltr, estimator, gamma).grads, expected,
            rtol=tolerance, atol=1e-5 if tolerance > 1e-6 else 1e-12)


class FusedAttention(SharedTrunk):
    """Its features attend to each other with torch's fused kernel."""

    def forward(self, inputs, targets=None, mode='tensor'):
        tokens = inputs[None, None]
        mixed = nn.functional.scaled_dot_product_attention(
            tokens, tokens * self.scale, tokens)
        return super().forward(inputs + mixed[0, 0], targets, mode)

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(5))


@pytest.mark.parametrize('gamma', [0., 0.1])
def test_fused_attention(gamma):
    torch.manual_seed(0)
    model = FusedAttention().double()
    meltr = MELTR(3, (8, 16), 16).double().eval()
    with pytest.raises(RuntimeError, match='not implemented'):
        compute(model, meltr, 'double_backward', gamma)
    with math_attention():
        expected = compute(model, meltr, 'double_backward', gamma).grads
    for estimator in ('jvp', 'vjp'):
        torch.testing.assert_close(
            compute(model, meltr, estimator, gamma).grads, expected,
            rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('estimator', EXACT)
def test_frozen_and_unused_weights(estimator, pair):
    model, meltr = pair
    model.unused = nn.Linear(2, 2).double()
    model.trunk[0].bias.requires_grad_(False)
    result = compute(model, meltr, estimator)
    reference = compute(model, meltr, 'double_backward')
    torch.testing.assert_close(
        result.grads, reference.grads, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('estimator', EXACT)
def test_direct_derivative_of_the_regulariser(pair, estimator):
    """What it adds is d/dphi of gamma |sum l - M(l; phi)| at fixed w."""
    model, meltr = pair
    without = compute(*pair, estimator, 0.1).grads
    grads = compute(*pair, estimator, 0.1, direct_regulariser=True).grads
    # Now the last bias matters, too: it moves M, if not dM/dl.
    assert len(grads) == len(list(meltr.parameters()))
    losses = losses_of(model, B).detach()
    h = 1e-6
    generator = torch.Generator().manual_seed(5)
    for name, p in meltr.named_parameters():
        direction = torch.randn(
            p.shape, generator=generator, dtype=p.dtype)
        ends = []
        for side in (1, -1):
            p.data += side * h * direction
            ends.append(0.1 * (losses.sum() - meltr(losses)).abs())
            p.data -= side * h * direction
        added = grads[name] - without.get(name, 0)
        torch.testing.assert_close(
            (added * direction).sum(), (ends[0] - ends[1]) / (2 * h),
            rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize('gamma', [0., 0.1])
def test_finite_difference(pair, gamma):
    expected = compute(*pair, 'jvp', gamma)
    result = compute(*pair, 'finite_difference', gamma)
    torch.testing.assert_close(
        result.products, expected.products, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        result.grads, expected.grads, rtol=1e-3, atol=1e-5)


def test_finite_difference_replays_dropout():
    torch.manual_seed(0)
    model = SharedTrunk(dropout=0.5).double()
    meltr = MELTR(3, (8, 16), 16, dropout=0.).double()
    expected = compute(model, meltr, 'jvp').products
    torch.testing.assert_close(
        compute(model, meltr, 'finite_difference').products, expected,
        rtol=1e-4, atol=1e-6)


def test_finite_difference_refuses_low_precision(pair):
    model, meltr = pair
    data = [{k: v.bfloat16() for k, v in x.items()} for x in (A, B)]
    with pytest.raises(TypeError, match='float32.*bfloat16'):
        compute(model.bfloat16(), meltr, 'finite_difference', 0., *data)


def test_scale_does_not_change_the_result(pair):
    for estimator in ('jvp', 'vjp'):
        torch.testing.assert_close(
            compute(*pair, estimator, 0.1, scale=1024.).grads,
            compute(*pair, estimator, 0.1).grads)


@pytest.mark.parametrize('estimator, gamma', [
    ('double_backward', 0.), ('jvp', 0.1)])
def test_what_a_normalised_meltr_cannot(pair, estimator, gamma):
    pair[1].normalise = True
    with pytest.raises(ValueError, match='set gamma=0 and an estimator'):
        compute(*pair, estimator, gamma)


def test_unknown_estimator_is_an_error(pair):
    with pytest.raises(ValueError, match="'magic'"):
        compute(*pair, 'magic')
