r"""The hypergradient of MELTR.

With task losses :math:`l_t(w)`, training loss :math:`L = M(l(w);\phi)` and
meta objective :math:`V(w) = l_{primary}(w) + \gamma |\sum_t l_t - M(l)|`,
approximate implicit differentiation with the identity for the inverse Hessian
gives

.. math:: \nabla_\phi = -\partial_\phi \langle \nabla_w L, v \rangle,
          \qquad v = \nabla_w V \text{ held constant.}

:math:`\phi` reaches :math:`L` only through M, so
:math:`\nabla_w L = \sum_t (\partial M/\partial l_t) \nabla_w l_t` and

.. math:: \nabla_\phi = -\partial_\phi \sum_t \frac{\partial M}{\partial l_t}
          s_t, \qquad s_t = \langle \nabla_w l_t, v \rangle.

The T numbers s are first order in the model; only M, a few tokens wide, is
differentiated twice. As in the official code the regulariser acts through v
alone, unless its direct derivative in :math:`\phi` is asked for.
"""
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor, nn

from .._torch import compiler_disable
from ..autodiff.passes import (
    Evaluate,
    Generators,
    ModelState,
    Pass,
    non_reentrant_checkpoints,
)
from ..autodiff.products import PRODUCTS, AutoProducts, mean_products
from ..autodiff.tensor_lists import (
    Average,
    Tensors,
    add,
    filled,
    gradients,
    inner_product,
)
from .training_hessian import training_hessian

ESTIMATORS = (*PRODUCTS, 'double_backward')


@dataclass
class Hypergradient:
    """What one meta step computes.

    Attributes:
        grads (dict[str, Tensor]): Per parameter of MELTR what belongs into
            its ``.grad``. A parameter without influence (the last
            LayerNorm's bias does not enter dM/dl) is absent.
        value (Tensor): The meta objective V, ().
        losses (Tensor): Task losses of the meta-training batch, (T,).
        weights (Tensor): dM/dl at these losses, (T,).
        products (Tensor, optional): s, (T,); None for ``double_backward``,
            which never forms it.
        has_graph (bool): Whether the primary loss could be differentiated.
    """
    grads: Dict[str, Tensor]
    value: Tensor
    losses: Tensor
    weights: Tensor
    products: Optional[Tensor]
    has_graph: bool


def hypergradient(model: nn.Module,
                  meltr: nn.Module,
                  primary: Union[Evaluate, Sequence[Evaluate]],
                  losses: Union[Evaluate, Sequence[Evaluate]],
                  *,
                  estimator: Union[str, AutoProducts] = 'jvp',
                  gamma: float = 0.0,
                  direct_regulariser: bool = False,
                  inverse_hessian: Optional[Callable] = None,
                  average: Optional[Average] = None,
                  sync_losses: bool = True,
                  scale: float = 1.0,
                  moving: Optional[Iterable[nn.Parameter]] = None
                  ) -> Hypergradient:
    """Compute the gradient of MELTR's parameters by implicit differentiation.

    No parameter or buffer of the model, no ``.grad`` and no random generator
    of torch, numpy or Python is changed: each evaluation of the model works
    on copies of what a forward may write.

    ``primary`` and ``losses`` may be lists, one callable per micro-batch of
    an accumulated batch. Their mean counts then, with no more memory than
    one micro-batch takes.

    Args:
        model (nn.Module): The model whose parameters are w. Frozen
            parameters are left out.
        meltr (nn.Module): The loss transformer, (T,) -> ().
        primary (Callable | Sequence[Callable]): Evaluates the primary loss,
            () or (1,), on the meta-validation batch at the model's current
            parameters. Without a graph its gradient counts as zero.
        losses (Callable | Sequence[Callable]): Evaluates the task losses
            (T,) on the meta-training batch at the model's current
            parameters.
        estimator (str | AutoProducts): How s is computed. ``'jvp'``: one
            forward-mode pass of the model; ``'vjp'``: T backward passes;
            ``'finite_difference'``: two forward passes, an approximation;
            ``'double_backward'``: the official second-order graph, kept as
            the reference, for one process without accumulation.
            Defaults to 'jvp'.
        gamma (float): Weight of the regulariser. Defaults to 0.
        direct_regulariser (bool): Add the derivative that the regulariser
            has in phi at fixed w, which the official code leaves out.
            Defaults to False.
        inverse_hessian (Callable, optional): A component of
            :mod:`meltr_mm.inverse_hessian`. Defaults to None, the
            identity.
        average (Callable, optional): Averages a list of tensors over the
            processes, in place. Defaults to None (one process).
        sync_losses (bool): With ``average``: M sees the losses averaged
            over processes; otherwise each process its own, and what is
            averaged is the hypergradient. Defaults to True.
        scale (float): Factor on the losses in backward passes, removed from
            their gradients again; keeps float16 gradients from vanishing.
            Defaults to 1.
        moving (Iterable[nn.Parameter], optional): Parameters that the
            model's forward writes, such as those of a momentum encoder.
            Defaults to all frozen ones, of which each evaluation then
            takes a copy.

    Raises:
        ValueError: If the estimator is unknown, or ``'double_backward'`` or
            a MELTR that is normalised are asked for what they do not do.
        TypeError: If ``'finite_difference'`` meets parameters of less than
            float32 precision.
    """
    state = ModelState(model, moving)
    params = [p for p in model.parameters() if p.requires_grad]
    primary = _passes(primary, model, state)
    batches = _passes(losses, model, state)
    sync = average if sync_losses else None
    _check(estimator, meltr, gamma, plain=not average and not inverse_hessian
           and len(primary) == len(batches) == 1)

    with Generators(next(model.parameters()).device).preserved(), \
            non_reentrant_checkpoints(), torch.enable_grad():
        if estimator == 'double_backward':
            return _double_backward(meltr, primary, batches[0], params, gamma,
                                    direct_regulariser)

        # v = dV/dw
        value, v, has_graph = _value_and_gradient(primary, params, scale)
        combined = None
        if gamma or inverse_hessian and inverse_hessian.needs_hessian:
            combined, pulled = _combined_and_pulled(
                meltr, batches, params, gamma, sync, scale)
            v = add(v, pulled)
        if average:
            v = filled(v, params)
            average(v)

        # H^-1 v, or v itself
        if inverse_hessian:
            hessian = combined and training_hessian(
                batches, params, combined.losses, combined.weights, average,
                sync, scale)
            v = inverse_hessian(hessian, filled(v, params), params)

        # s_t = <dl_t/dw, v>
        if isinstance(estimator, AutoProducts):
            means, s = estimator(batches, params, v, scale, average)
        else:
            means, s = mean_products(estimator, batches, params, v, scale)
        if combined is None:
            combined = combine(meltr, means, sync)
        s = s.to(combined.weights.dtype)
        if sync:
            sync([s])

        # phi.grad = d/dphi of - sum_t (dM/dl_t) s_t
        objective = -torch.dot(combined.weights, s.detach())
        if gamma and direct_regulariser:
            objective = objective \
                - gamma * combined.gap.sign() * combined.total
        grads = phi_gradients(objective, meltr)
        value = value + gamma * combined.gap.abs()
        if average:
            average([value] if sync_losses else [value, *grads.values()])
        return Hypergradient(grads, value, combined.losses.detach(),
                             combined.weights.detach(), s, has_graph)


@dataclass
class Combination:
    """M at the given losses, with the graph from phi to dM/dl.

    Attributes:
        losses (Tensor): The task losses that M saw, (T,), a leaf.
        total (Tensor): M(losses), ().
        weights (Tensor): dM/dl, (T,), differentiable in phi and in the
            losses.
    """
    losses: Tensor
    total: Tensor
    weights: Tensor

    @property
    def gap(self) -> Tensor:
        """``sum(losses) - M``, what the regulariser keeps small."""
        return self.losses.detach().sum() - self.total.detach()


@compiler_disable  # torch 2.1 loses `requires_grad_` in what it traces
def combine(meltr: nn.Module,
            losses: Tensor,
            average: Optional[Average] = None,
            create_graph: bool = True) -> Combination:
    """Evaluate M and dM/dl on detached, averaged losses.

    Args:
        meltr (nn.Module): The loss transformer.
        losses (Tensor): Task losses (T,).
        average (Callable, optional): Averages a list of tensors over the
            processes, in place; the result is then the same on all of them.
            Defaults to None (one process).
        create_graph (bool): Keep the graph from phi to dM/dl.
            Defaults to True.
    """
    losses = losses.detach().clone()
    with torch.enable_grad(), ExitStack() as stack:
        if average is not None:
            # A random number that they agree on, too: MELTR's dropout masks
            # must be the same everywhere, or phi would drift apart.
            draw = torch.rand((), dtype=torch.float64, device=losses.device)
            average([losses, draw])
            stack.enter_context(Generators(draw.device).preserved())
            torch.manual_seed(int(draw.item() * 2**53))
        losses.requires_grad_()
        total = meltr(losses)
        weights, = torch.autograd.grad(
            total, losses, create_graph=create_graph)
        if hasattr(meltr, 'normalised'):
            weights = meltr.normalised(weights)
    return Combination(losses, total, weights)


def phi_gradients(value: Tensor, meltr: nn.Module) -> Dict[str, Tensor]:
    """Gradient of a scalar with respect to MELTR's parameters, by name.

    A parameter that cannot influence the scalar is absent; the graph is kept.
    """
    named = {n: p for n, p in meltr.named_parameters() if p.requires_grad}
    if not value.requires_grad:
        return {}
    grads = torch.autograd.grad(
        value, list(named.values()), retain_graph=True, allow_unused=True)
    return {n: g for n, g in zip(named, grads) if g is not None}


def _value_and_gradient(primary: Sequence[Pass],
                        params: Sequence[nn.Parameter],
                        scale: float) -> Tuple[Tensor, Tensors, bool]:
    """Mean of the primary losses, its gradient, and whether it has one."""
    values, v, has_graph = [], [None] * len(params), True
    for batch in primary:
        with batch.run() as loss:
            part = loss.sum() / len(primary)
            v = add(v, gradients(part, params, scale))
            values.append(part.detach())
            has_graph = has_graph and loss.requires_grad
    return torch.stack(values).sum(0), v, has_graph


def _combined_and_pulled(meltr: nn.Module, batches: Sequence[Pass],
                         params: Sequence[nn.Parameter], gamma: float,
                         sync: Optional[Average],
                         scale: float) -> Tuple[Combination, Tensors]:
    """M at the mean losses, and the regulariser's gradient through w."""

    def pull(combined: Combination) -> Tensor:  # dV/dl
        return gamma * combined.gap.sign() * (1 - combined.weights.detach())

    if gamma and len(batches) == 1:  # one evaluation serves both
        with batches[0].run() as graph:
            combined = combine(meltr, graph, sync)
            return combined, gradients(graph, params, scale, pull(combined))
    values = torch.stack([batch.values() for batch in batches])
    combined = combine(meltr, values.mean(0), sync)
    pulled: Tensors = [None] * len(params)
    for batch in batches if gamma else ():
        with batch.run() as graph:
            pulled = add(pulled, gradients(
                graph, params, scale, pull(combined) / len(batches)))
    return combined, pulled


def _double_backward(meltr: nn.Module, primary: Sequence[Pass],
                     batch: Pass, params: Sequence[nn.Parameter],
                     gamma: float, direct: bool) -> Hypergradient:
    """The official way, kept as the reference: dL/dw is a graph here.

    Tests and ``tools/convert/parity.py`` compare the first-order way with it.
    """
    value, v, has_graph = _value_and_gradient(primary, params, 1.)
    with batch.run() as losses:
        total = meltr(losses)
        regulariser = gamma * (losses.sum() - total).abs()
        weights, = torch.autograd.grad(total, losses, retain_graph=True)
        if gamma:
            v = add(v, gradients(regulariser, params, retain_graph=True))
        slopes = torch.autograd.grad(
            total, params, create_graph=True, allow_unused=True)
        objective = -inner_product(slopes, v)
        if gamma and direct:
            objective = objective + regulariser
        grads = phi_gradients(objective, meltr)
        return Hypergradient(grads, value + regulariser.detach(),
                             losses.detach(), weights, None, has_graph)


def _check(estimator: Union[str, AutoProducts], meltr: nn.Module,
           gamma: float, plain: bool) -> None:
    if isinstance(estimator, str) and estimator not in ESTIMATORS:
        raise ValueError(f'estimator must be one of {ESTIMATORS}, '
                         f'but got {estimator!r}')
    if getattr(meltr, 'normalise', False) and (
            gamma or estimator == 'double_backward'):
        raise ValueError(
            'MELTR(normalise=True) has no regulariser and no official route; '
            "set gamma=0 and an estimator other than 'double_backward', or "
            'normalise=False')
    if estimator == 'double_backward' and not plain:
        raise ValueError(
            "estimator 'double_backward' is a reference for one process, no "
            'accumulation and the identity as inverse Hessian; use '
            "'jvp' or 'vjp'")


def _passes(evaluate: Union[Evaluate, Sequence[Evaluate]], model: nn.Module,
            state: ModelState) -> Sequence[Pass]:
    evaluate = [evaluate] if callable(evaluate) else evaluate
    return [Pass(e, model, state) for e in evaluate]
