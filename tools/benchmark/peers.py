"""The same hypergradient from other libraries (the extra ``[bench]``).

Each function takes a Problem and returns phi's gradient by parameter name.
What a library needs around its own function is the smallest adapter that
works; a library that is not installed raises ModuleNotFoundError.
"""
from types import SimpleNamespace
from typing import Callable, Dict

import torch
from problems import Problem
from torch import Tensor

Grads = Dict[str, Tensor]


def betty(problem: Problem, method: str) -> Grads:
    """betty-ml's ``darts`` (finite differences) or ``neumann``, 0 terms."""
    from betty.hypergradient import get_grads
    phi = list(problem.meltr.parameters())
    lower = SimpleNamespace(
        _strategy='default',
        paths=[],
        config=SimpleNamespace(
            type=method, darts_alpha=0.01, darts_multitask=False,
            neumann_iterations=0, neumann_alpha=1.0),
        cur_batch=None,
        training_step_exec=lambda batch: problem.meltr(problem.losses()),
        trainable_parameters=lambda: list(problem.model.parameters()),
        meta_trainable_parameters=lambda: list(problem.model.parameters()))
    upper = SimpleNamespace(_strategy='default', trainable_parameters=lambda: (
        phi if method == 'darts' else [
            p for n, p in problem.meltr.named_parameters()
            if n != 'encoder.norm2.bias']))
    value = problem.validation()[0]
    grads = get_grads(value, [upper, lower, upper], False, False)
    names = [n for n, p in problem.meltr.named_parameters()
             if any(p is q for q in upper.trainable_parameters())]
    return dict(zip(names, grads))


def torchopt(problem: Problem) -> Grads:
    """torchopt's ``custom_root`` with the identity as linear solver."""
    from torch.func import functional_call, grad
    from torchopt.diff.implicit import custom_root
    names, w = zip(*problem.model.named_parameters())
    w = tuple(p.detach() for p in w)
    phi_names, phi = zip(*problem.meltr.named_parameters())

    def training_loss(w, phi):
        losses = _with_weights(problem, dict(zip(names, w)),
                               problem.losses)
        return functional_call(
            problem.meltr, dict(zip(phi_names, phi)), losses)

    @custom_root(grad(training_loss), argnums=1, solve=lambda matvec, b: b)
    def solution(w, phi):
        return w

    best = dict(zip(names, solution(w, phi)))
    value = _with_weights(problem, best, problem.validation)[0]
    grads = torch.autograd.grad(value, phi, allow_unused=True)
    return {n: g for n, g in zip(phi_names, grads)
            if g is not None}


def _with_weights(problem: Problem, w: Grads, evaluate: Callable) -> Tensor:
    with torch.nn.utils.stateless._reparametrize_module(problem.model, w):
        return evaluate()


def boat(problem: Problem) -> Grads:
    """boat-torch's ``FD`` (finite differences, its default radius)."""
    from boat_torch.na_ol.fd import FD
    phi = dict(problem.meltr.named_parameters())
    optimizer = torch.optim.SGD(problem.model.parameters(), lr=1.0)
    fd = FD(
        lambda data, upper, lower: problem.meltr(problem.losses()),
        lambda data, upper, lower, params=None: problem.validation()[0],
        problem.model, problem.meltr, list(problem.model.parameters()),
        list(phi.values()),
        dict(lower_level_opt=optimizer, gm_op=[], FD=dict(r=1e-2),
             GDA=dict(alpha_init=0., alpha_decay=0.)))
    fd.compute_gradients({}, {}, problem.model)
    grads = {n: p.grad for n, p in phi.items() if p.grad is not None}
    for p in phi.values():
        p.grad = None
    return grads


def torchjd(problem: Problem) -> Grads:
    """torchjd's UPGrad: no hypergradient, but what one would use instead.

    It combines the T gradients in every training step.
    """
    from torchjd.aggregation import UPGrad
    from torchjd.autojac import backward, jac_to_grad
    params = list(problem.model.parameters())
    backward(problem.losses(), inputs=params)
    jac_to_grad([p for p in params if getattr(p, 'jac', None) is not None],
                UPGrad())
    for p in params:
        p.grad = None
    return {}
