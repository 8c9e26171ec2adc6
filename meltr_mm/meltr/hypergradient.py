r"""The hypergradient of MELTR, as plain functions on tensors.

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
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Union

import torch
from torch import Tensor, nn

from .buffers import preserved_buffers
from .checkpointing import checkpointing_for_grad
from .combination import Average, Combination, combine, contract, phi_gradients
from .hessian import TrainingHessian
from .inverse_hessian import Identity
from .loss_pass import LossPass
from .rng import RNGState
from .tensor_lists import (
    Tensors,
    add,
    filled,
    gradients,
    inner_product,
    largest,
)

Evaluate = Callable[[], Tensor]
ESTIMATORS = ('jvp', 'vjp', 'finite_difference', 'double_backward')


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
    """
    grads: Dict[str, Tensor]
    value: Tensor
    losses: Tensor
    weights: Tensor
    products: Optional[Tensor]


def hypergradient(model: nn.Module,
                  meltr: nn.Module,
                  primary: Union[Evaluate, Sequence[Evaluate], int],
                  losses: Union[Evaluate, Sequence[Evaluate]],
                  *,
                  estimator: str = 'jvp',
                  gamma: float = 0.0,
                  direct_regulariser: bool = False,
                  inverse_hessian: Optional[Callable] = None,
                  average: Optional[Average] = None,
                  sync_losses: bool = True,
                  scale: float = 1.0,
                  moving: Sequence[nn.Parameter] = ()) -> Hypergradient:
    """Compute the gradient of MELTR's parameters by implicit differentiation.

    Neither the model's parameters nor its buffers, ``.grad`` or the random
    generators of torch are changed.

    ``primary`` and ``losses`` may be lists, one callable per micro-batch of
    an accumulated batch. Their mean counts then, with no more memory than
    one micro-batch takes.

    Args:
        model (nn.Module): The model whose parameters are w. Frozen
            parameters are left out.
        meltr (nn.Module): The loss transformer, (T,) -> ().
        primary (Callable | Sequence[Callable] | int): Evaluates the primary
            loss, () or (1,), on the meta-validation batch at the model's
            current parameters. An index into the task losses instead makes
            one batch serve both purposes: cheaper, but another estimator,
            which favours the primary task (its gradient's product with
            itself is never negative).
        losses (Callable | Sequence[Callable]): Evaluates the task losses
            (T,) on the meta-training batch at the model's current
            parameters.
        estimator (str): How s is computed. ``'jvp'``: one forward-mode pass
            of the model; ``'vjp'``: T backward passes;
            ``'finite_difference'``: two forward passes, an approximation;
            ``'double_backward'``: the official second-order graph, kept as
            the reference, for one process without accumulation.
            Defaults to 'jvp'.
        gamma (float): Weight of the regulariser. Defaults to 0.
        direct_regulariser (bool): Add the derivative that the regulariser
            has in phi at fixed w, which the official code leaves out.
            Defaults to False.
        inverse_hessian (Callable, optional): A component of
            :mod:`meltr_mm.meltr.inverse_hessian`. Defaults to the identity.
        average (Callable, optional): Averages a list of tensors over the
            processes, in place. Defaults to None (one process).
        sync_losses (bool): With ``average``: M sees the losses averaged
            over processes; otherwise each process its own, and what is
            averaged is the hypergradient. Defaults to True.
        scale (float): Factor on the losses in backward passes, removed from
            their gradients again; keeps float16 gradients from vanishing.
            Defaults to 1.
        moving (Sequence[nn.Parameter]): Frozen parameters that the model's
            forward changes, such as those of a momentum encoder: they are
            put back. Defaults to none.

    Returns:
        Hypergradient: Gradients of MELTR and the quantities on the way.

    Raises:
        ValueError: If the estimator is unknown, or ``'double_backward'`` is
            asked for what it does not do.
        TypeError: If ``'finite_difference'`` meets parameters of less than
            float32 precision.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f'estimator must be one of {ESTIMATORS}, '
                         f'but got {estimator!r}')
    route = _DoubleBackward if estimator == 'double_backward' else _FirstOrder
    meta_step = route(
        model, meltr, primary, losses, estimator, gamma, direct_regulariser,
        inverse_hessian or Identity(), average, sync_losses, scale)
    device = next(model.parameters()).device
    with preserved_buffers(model, moving), RNGState(device).preserved(), \
            checkpointing_for_grad(), torch.enable_grad():
        return meta_step.run()


class _MetaStep:
    """What both routes hold, and how both of them end."""

    def __init__(self, model, meltr, primary, losses, estimator, gamma,
                 direct_regulariser, inverse_hessian, average, sync_losses,
                 scale) -> None:
        self.model = model
        self.meltr = meltr
        self.params = [p for p in model.parameters() if p.requires_grad]
        # One batch for both purposes: the primary task's index.
        self.shared = primary if isinstance(primary, int) else None
        self.primary = [] if self.shared is not None else _as_list(primary)
        self.losses = _as_list(losses)
        self.estimator = estimator
        self.gamma = gamma
        self.direct_regulariser = direct_regulariser
        self.inverse_hessian = inverse_hessian
        self.average = average
        self.sync_losses = sync_losses
        self.sync = average if sync_losses else None
        self.scale = scale

    def pull(self, combined: Combination) -> Tensor:
        """Derivative of V in the losses of the meta-training batch, (T,)."""
        pull = torch.zeros_like(combined.losses)
        if self.shared is not None:
            pull[self.shared] = 1
        if self.gamma:
            gap = _gap(combined)
            pull += self.gamma * gap.sign() * (1 - combined.weights.detach())
        return pull

    def value(self, combined: Combination, primary: Optional[Tensor]):
        """The meta objective."""
        if self.shared is not None:
            primary = combined.losses[self.shared].detach()
        return primary + self.gamma * _gap(combined).abs()

    def with_direct_term(self, grads: Dict[str, Tensor],
                         combined: Combination) -> Dict[str, Tensor]:
        """Add what the regulariser contributes at fixed w."""
        if not (self.gamma and self.direct_regulariser):
            return grads
        direct = phi_gradients(
            -self.gamma * _gap(combined).sign() * combined.total, self.meltr)
        return {
            name: direct[name] + grads[name] if name in grads else
            direct[name]
            for name in direct
        }


class _FirstOrder(_MetaStep):
    """Everything but M is differentiated once."""

    def run(self) -> Hypergradient:
        self.passes = [
            LossPass(evaluate, self.params[0].device,
                     keep=len(self.losses) == 1)
            for evaluate in self.losses
        ]
        v, primary = self._primary_gradient()
        combined = None
        on_training_batch = self.gamma or self.shared is not None
        if on_training_batch or self.inverse_hessian.needs_hessian:
            combined = self._combine(p.values() for p in self.passes)
            if not on_training_batch and self.estimator != 'vjp':
                for p in self.passes:
                    p.release()
        if self._gram_is_cheapest:
            products = self._gram_products(self.pull(combined))
        else:
            if on_training_batch:
                v = self._with_training_batch(v, self.pull(combined))
            v = self._solved(v, combined)
            values, products = self._products(v)
            if combined is None:
                combined = self._combine(values)
        products = products.to(combined.weights.dtype)
        if self.sync is not None:
            self.sync([products])
        grads = self.with_direct_term(
            contract(self.meltr, combined.weights, products), combined)
        value = self.value(combined, primary)
        if self.average is not None:
            self.average(
                [value] if self.sync_losses else [value, *grads.values()])
        return Hypergradient(
            grads=grads,
            value=value,
            losses=combined.losses.detach(),
            weights=combined.weights.detach(),
            products=products)

    def _combine(self, values: Iterable[Tensor]) -> Combination:
        return combine(self.meltr, _mean(values), self.sync)

    def _primary_gradient(self):
        v: Tensors = [None] * len(self.params)
        value = None
        for evaluate in self.primary:
            part = evaluate().sum() / len(self.primary)
            v = add(v, gradients(part, self.params, self.scale))
            part = part.detach()
            value = part if value is None else value + part
        return v, value

    def _with_training_batch(self, v: Tensors, pull: Tensor) -> Tensors:
        for p in self.passes:
            again = self.estimator == 'vjp'
            v = add(v, gradients(p.graph(), self.params, self.scale,
                                 pull / len(self.passes), again))
            if not again:
                p.release()
        return v

    def _solved(self, v: Tensors, combined: Optional[Combination]) -> Tensors:
        hessian = self.inverse_hessian.needs_hessian
        if self.average is not None or hessian:
            v = filled(v, self.params)
        if self.average is not None:
            self.average(v)
        if not hessian:
            return v
        product = TrainingHessian(
            self.model, self.params, self.passes, combined, self.average,
            self.sync_losses, self.scale)
        return self.inverse_hessian(product, v)

    def _products(self, v: Tensors):
        """Losses of each micro-batch, and s."""
        if self.estimator == 'vjp':
            products = _mean(
                vjp_products(p.graph(), self.params, v, self.scale)
                for p in self.passes)
            return [p.values() for p in self.passes], products
        moving = [i for i, g in enumerate(v) if g is not None]
        params = [self.params[i] for i in moving]
        direction = [v[i] for i in moving]
        if self.estimator == 'jvp':
            # In half precision a tangent must not vanish.
            size = 1. if self.scale == 1 else largest(direction)
            if size != 1:
                direction = [t / size for t in direction]
            pairs = [p.jvp(self.model, params, direction)
                     for p in self.passes]
            if size != 1:
                pairs = [(value, slope.float() * size)
                         for value, slope in pairs]
        else:
            pairs = [p.difference(params, direction) for p in self.passes]
        values, slopes = zip(*pairs, strict=True)
        return values, _mean(slopes)

    @property
    def _gram_is_cheapest(self) -> bool:
        """Whether s needs nothing but the T task gradients themselves.

        With one batch for both purposes v is a combination of them.
        """
        return (self.shared is not None and self.estimator == 'vjp'
                and not self.inverse_hessian.needs_hessian)

    def _gram_products(self, pull: Tensor) -> Tensor:
        tasks = len(pull)
        rows: List[Tensors] = [[None] * len(self.params)] * tasks
        units = torch.eye(tasks, dtype=pull.dtype, device=pull.device)
        for p in self.passes:
            graph = p.graph()
            for t, unit in enumerate(units):
                rows[t] = add(rows[t], gradients(
                    graph, self.params, self.scale, unit / len(self.passes),
                    t < tasks - 1))
            p.release()
        if self.average is not None:
            rows = [filled(row, self.params) for row in rows]
        if not self.sync_losses:
            # Each process keeps its own tasks; v alone is common to all.
            v: Tensors = [None] * len(self.params)
            for row, factor in zip(rows, pull.tolist(), strict=True):
                v = add(v, row, factor)
            if self.average is not None:
                self.average(v)
            return torch.stack([inner_product(row, v) for row in rows])
        if self.average is not None:
            for row in rows:
                self.average(row)
        gram = torch.stack(
            [torch.stack([inner_product(a, b) for b in rows]) for a in rows])
        return gram @ pull.to(gram.dtype)


class _DoubleBackward(_MetaStep):
    """The official route: a second-order graph through the whole model."""

    def run(self) -> Hypergradient:
        if self.average is not None or len(self.losses) > 1 or \
                len(self.primary) > 1 or self.inverse_hessian.needs_hessian:
            raise ValueError(
                "estimator 'double_backward' is a reference for one process, "
                'no accumulation and the identity as inverse Hessian; use '
                "'jvp' or 'vjp'")
        primary = self.primary[0]().sum() if self.primary else None
        values = self.losses[0]()
        total = self.meltr(values)
        weights, = torch.autograd.grad(total, values, retain_graph=True)
        objective = values[self.shared] if primary is None else primary
        if self.gamma:
            objective = objective + self.gamma * (values.sum() - total).abs()
        v = torch.autograd.grad(
            objective, self.params, retain_graph=True, allow_unused=True)
        inner = torch.autograd.grad(
            total, self.params, create_graph=True, allow_unused=True)
        product = sum((a * b).sum() for a, b in zip(v, inner, strict=True)
                      if a is not None and b is not None)
        grads = phi_gradients(-product, self.meltr)
        if self.gamma and self.direct_regulariser:
            grads = self.with_direct_term(
                grads, combine(self.meltr, values))
        return Hypergradient(
            grads=grads,
            value=objective.detach(),
            losses=values.detach(),
            weights=weights,
            products=None)


def vjp_products(losses: Tensor,
                 params: Sequence[nn.Parameter],
                 v: Tensors,
                 scale: float = 1.0) -> Tensor:
    """Products s_t of each loss's gradient with v, by T backward passes.

    Args:
        losses (Tensor): Task losses (T,) with a graph, which is freed.
        params (Sequence[nn.Parameter]): The weights w.
        v (list[Tensor | None]): The direction; None counts as zero.
        scale (float): Factor during the backward passes. Defaults to 1.

    Returns:
        Tensor: s, (T,), accumulated in float32 or better.
    """
    used = [i for i, g in enumerate(v) if g is not None]
    params, v = [params[i] for i in used], [v[i] for i in used]
    units = torch.eye(len(losses), dtype=losses.dtype, device=losses.device)
    last = len(units) - 1
    return torch.stack([
        inner_product(gradients(losses, params, scale, unit, t < last), v)
        for t, unit in enumerate(units)
    ])


def _gap(combined: Combination) -> Tensor:
    return combined.losses.detach().sum() - combined.total.detach()


def _as_list(evaluate: Union[Evaluate, Sequence[Evaluate]]) -> List[Evaluate]:
    return [evaluate] if callable(evaluate) else list(evaluate)


def _mean(tensors: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(tensors)).mean(0)
