"""Neumann and conjugate gradients against exact solves."""
from functools import partial

import pytest
import torch
from mmengine.registry import TASK_UTILS
from shared_trunk import SharedTrunk, batch
from test_hypergradient import (
    FusedAttention,
    SoftmaxWeights,
    losses_of,
    primary_of,
)
from torch import nn
from zip_equal import zip_equal

from meltr_mm._torch import math_attention
from meltr_mm.autodiff.passes import ModelState, Pass
from meltr_mm.inverse_hessian import (
    AdamPreconditioner,
    ConjugateGradient,
    Neumann,
)
from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import combine, hypergradient
from meltr_mm.meltr.training_hessian import training_hessian


def product_on(model, meltr, windows, scale=1.):
    params = list(model.parameters())
    state = ModelState(model)
    passes = [Pass(partial(losses_of, model, w), model, state)
              for w in windows]
    combined = combine(
        meltr, torch.stack([p.values() for p in passes]).mean(0))
    return training_hessian(
        passes, params, combined.losses, combined.weights, scale=scale)


def dense_product(model, meltr, data, u):
    """H u by differentiating M(l(w)) twice as a function of all weights."""
    params = dict(model.named_parameters())

    def loss(*tensors):
        with math_attention():
            outputs = torch.func.functional_call(
                model, dict(zip_equal(params, tensors)), (),
                kwargs=dict(data, mode='loss'))
        return meltr(torch.stack(list(outputs.values())))

    _, product = torch.autograd.functional.hvp(
        loss, tuple(params.values()), tuple(u))
    return list(product)


@pytest.mark.parametrize('scale', [1., 1024.])
@pytest.mark.parametrize('network,parts', [
    (SharedTrunk, 1), (SharedTrunk, 2), (FusedAttention, 1)])
def test_product_is_that_of_the_whole_training_loss(network, parts, scale):
    torch.manual_seed(0)
    model = network().double()
    meltr = MELTR(3, (8, 16), 16).double().eval()
    data = batch(1)
    windows = [{k: v[i::parts] for k, v in data.items()}
               for i in range(parts)]
    product = product_on(model, meltr, windows, scale)
    for _ in range(2):  # the second uses what the first kept
        u = [torch.randn_like(p) for p in model.parameters()]
        torch.testing.assert_close(
            product(u), dense_product(model, meltr, data, u),
            rtol=1e-9, atol=1e-12)


class Bowl(nn.Module):
    """l_t(w) = (w - c_t)^T A_t (w - c_t) / 2, V(w) = |w - u|^2 / 2."""

    def __init__(self, size=5):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(size, dtype=torch.float64))
        self.c = torch.randn(3, size, dtype=torch.float64)
        self.u = torch.randn(size, dtype=torch.float64)
        roots = torch.randn(3, size, size, dtype=torch.float64)
        self.a = roots @ roots.mT / size + torch.eye(size).double()

    def losses(self):
        d = self.w - self.c
        return torch.einsum('ti,tij,tj->t', d, self.a, d) / 2

    def value(self):
        return (self.w - self.u).square().sum() / 2

    def solve(self, shares):
        """Go to the minimum of sum_t shares_t l_t."""
        with torch.no_grad():
            hessian = torch.einsum('t,tij->ij', shares, self.a)
            right = torch.einsum('t,tij,tj->i', shares, self.a, self.c)
            self.w.copy_(torch.linalg.solve(hessian, right))
        return hessian


def solvers(hessian):
    top = torch.linalg.eigvalsh(hessian)[-1].item()
    return (Neumann(terms=400, lr=1 / top),
            ConjugateGradient(iters=5, damping=0.))


@pytest.mark.parametrize('which', [0, 1])
def test_solves_a_quadratic(which):
    torch.manual_seed(3)
    bowl = Bowl()
    shares = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    hessian = bowl.solve(shares)
    solve = solvers(hessian)[which]
    x, = solve(lambda u: [hessian @ u[0]], [bowl.u])
    torch.testing.assert_close(
        x, torch.linalg.solve(hessian, bowl.u), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize('estimator', ['jvp', 'vjp'])
@pytest.mark.parametrize('which', [0, 1])
def test_is_the_true_gradient_of_the_bi_level_objective(which, estimator):
    """dV(w*(phi))/dphi by differences, where the Hessian is no identity."""
    torch.manual_seed(3)
    bowl, combiner = Bowl(), SoftmaxWeights()

    def objective():
        hessian = bowl.solve(torch.softmax(combiner.phi.detach(), 0))
        return bowl.value().item(), hessian

    _, hessian = objective()
    grad = hypergradient(
        bowl, combiner, bowl.value, bowl.losses, estimator=estimator,
        inverse_hessian=solvers(hessian)[which]).grads['phi']
    h = 1e-5
    for t in range(3):
        combiner.phi.data[t] += h
        above = objective()[0]
        combiner.phi.data[t] -= 2 * h
        below = objective()[0]
        combiner.phi.data[t] += h
        assert grad[t].item() == pytest.approx(
            (above - below) / (2 * h), abs=1e-7)


def test_no_terms_are_the_scaled_identity():
    v = [torch.randn(3), torch.randn(2)]
    torch.testing.assert_close(
        Neumann(terms=0, lr=0.5)(None, v), [t / 2 for t in v])


def test_negative_curvature_stops_conjugate_gradients():
    v = [torch.tensor([1., 2.])]
    result = ConjugateGradient(damping=0.)(lambda u: [-u[0]], v)
    assert torch.equal(result[0], v[0])
    saddle = torch.diag(torch.tensor([1., -0.1]))
    result = ConjugateGradient(iters=5, damping=0.)(
        lambda u: [saddle @ u[0]], [torch.tensor([1., 1.])])
    assert result[0].isfinite().all()
    # Damped enough, it solves.
    result = ConjugateGradient(iters=2, damping=1.)(
        lambda u: [saddle @ u[0]], [torch.tensor([1., 1.])])
    torch.testing.assert_close(result[0], torch.tensor([1 / 2, 1 / 0.9]))


def test_with_a_network_and_meltr():
    """One Neumann term by hand: lr (2 v - lr H v)."""
    torch.manual_seed(0)
    model, meltr = SharedTrunk().double(), MELTR(3, (8, 16), 16).double()
    meltr.eval()
    a, b = batch(1), batch(2)
    v = torch.autograd.grad(primary_of(model, a), list(model.parameters()),
                            allow_unused=True)
    v = [torch.zeros_like(p) if g is None else g
         for p, g in zip_equal(model.parameters(), v)]
    hv = dense_product(model, meltr, b, v)
    direction = [0.1 * (2 * x - 0.1 * y) for x, y in zip_equal(v, hv)]
    losses = losses_of(model, b)
    expected = torch.stack([
        sum((g * d).sum() for g, d in zip_equal(
            torch.autograd.grad(loss, list(model.parameters()),
                                retain_graph=True, allow_unused=True),
            direction) if g is not None) for loss in losses
    ])
    for estimator in ('jvp', 'vjp'):
        result = hypergradient(
            model, meltr, partial(primary_of, model, a),
            partial(losses_of, model, b), estimator=estimator,
            inverse_hessian=Neumann(terms=1, lr=0.1))
        torch.testing.assert_close(
            result.products, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('cfg,message', [
    (dict(type='Neumann', terms=-1), 'terms of Neumann .* got -1'),
    (dict(type='Neumann', lr=0), 'lr of Neumann .* got 0'),
    (dict(type='ConjugateGradient', iters=0), 'iters of Conj.* got 0'),
    (dict(type='ConjugateGradient', damping=-1), 'damping of Conj.* got -1'),
])
def test_impossible_numbers(cfg, message):
    with pytest.raises(ValueError, match=message):
        TASK_UTILS.build(cfg)


@pytest.mark.parametrize('project', [True, False])
def test_adam_preconditioner_by_hand(project):
    torch.manual_seed(0)
    params = [nn.Parameter(torch.randn(3).double()),
              nn.Parameter(torch.randn(2, 2).double()),
              nn.Parameter(torch.randn(2).double())]  # never updated
    optimizer = torch.optim.AdamW(params, lr=1e-2)
    for _ in range(4):
        for p in params[:2]:
            p.grad = torch.randn_like(p)
        optimizer.step()
    v = [torch.randn_like(p) for p in params]
    solve = AdamPreconditioner(project)
    solve.optimizer = optimizer
    result = solve(None, v, params)

    def flat(tensors):
        return torch.cat([t.flatten() for t in tensors])

    states = [optimizer.state[p] for p in params[:2]]
    second = flat([s['exp_avg_sq'] for s in states]) / (1 - 0.999**4)
    p = 1 / (second.sqrt() + 1e-8)
    p = p / p.mean()
    m, u = flat([s['exp_avg'] for s in states]), flat(v[:2])
    if project:
        u = u - m * (((p * m) @ u) / ((p * m) @ m))
    torch.testing.assert_close(flat(result[:2]), p * u)
    assert not result[2].any()
    if project:  # scaling all losses alike has no gradient
        assert abs(m @ flat(result[:2])) < 1e-9


def test_adam_preconditioner_names_another_optimiser():
    p = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    p.grad = torch.ones(2)
    optimizer.step()
    solve = AdamPreconditioner()
    solve.optimizer = optimizer
    with pytest.raises(ValueError, match='exp_avg.*SGD keeps'):
        solve(None, [torch.ones(2)], [p])
