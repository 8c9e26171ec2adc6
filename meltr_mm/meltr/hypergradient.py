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
alone (``DESIGN`` section 4, ``facts/violet.md`` section 8).
"""
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor, nn

from .buffers import preserved_buffers
from .checkpointing import checkpointing_for_grad
from .forward_mode import jvp
from .rng import RNGState

Tensors = List[Optional[Tensor]]
Evaluations = Union[Callable[[], Tensor], Sequence[Callable[[], Tensor]]]
ESTIMATORS = ('jvp', 'vjp', 'double_backward')


@dataclass
class Hypergradient:
    """What one meta step computes.

    Attributes:
        grads (dict[str, Tensor]): Per parameter of MELTR what belongs into
            its ``.grad``. A parameter that cannot influence dM/dl (the last
            LayerNorm's bias) is absent.
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
                  primary: Evaluations,
                  losses: Evaluations,
                  *,
                  estimator: str = 'jvp',
                  gamma: float = 0.0,
                  average: Optional[Callable[[Tensors], None]] = None,
                  sync_losses: bool = True,
                  scale: float = 1.0) -> Hypergradient:
    """Compute the gradient of MELTR's parameters by implicit differentiation.

    Neither the model's parameters nor its buffers, ``.grad`` or the random
    generators of torch are changed.

    ``primary`` and ``losses`` may be lists, one callable per micro-batch of
    an accumulated batch. Their mean counts then, with no more memory than
    one micro-batch takes; ``'double_backward'`` takes single ones only.

    Args:
        model (nn.Module): The model whose parameters are w. Frozen
            parameters are left out.
        meltr (nn.Module): The loss transformer, (T,) -> ().
        primary (Callable | Sequence[Callable]): Evaluates the primary loss,
            () or (1,), on the meta-validation batch at the model's current
            parameters.
        losses (Callable | Sequence[Callable]): Evaluates the task losses
            (T,) on the meta-training batch at the model's current
            parameters.
        estimator (str): ``'jvp'``: one forward-mode pass of the model;
            ``'vjp'``: T backward passes; ``'double_backward'``: the official
            second-order graph, kept as the reference. Defaults to 'jvp'.
        gamma (float): Weight of the regulariser. Defaults to 0.
        average (Callable, optional): Averages a list of tensors over the
            processes, in place. Defaults to None (one process).
        sync_losses (bool): With ``average``: M sees the losses averaged
            over processes; otherwise each process its own, and what is
            averaged is the hypergradient. Defaults to True.
        scale (float): Factor on the losses in backward passes, removed from
            their gradients again; keeps float16 gradients from vanishing.
            Defaults to 1.

    Returns:
        Hypergradient: Gradients of MELTR and the quantities on the way.

    Raises:
        ValueError: If the estimator is unknown, or ``'double_backward'`` is
            asked for on several processes or micro-batches.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f'estimator must be one of {ESTIMATORS}, '
                         f'but got {estimator!r}')
    primary = [primary] if callable(primary) else list(primary)
    losses = [losses] if callable(losses) else list(losses)
    params = [p for p in model.parameters() if p.requires_grad]
    device = params[0].device
    with preserved_buffers(model), RNGState(device).preserved(), \
            checkpointing_for_grad(), torch.enable_grad():
        if estimator == 'double_backward':
            if average is not None or len(primary) + len(losses) > 2:
                raise ValueError(
                    "estimator 'double_backward' is a reference for one "
                    "process without accumulation; use 'jvp' or 'vjp'")
            return _double_backward(meltr, params, primary[0], losses[0],
                                    gamma)
        return _first_order(model, meltr, params, primary, losses, estimator,
                            gamma, average, sync_losses, scale)


def _first_order(model, meltr, params, primary, losses, estimator, gamma,
                 average, sync_losses, scale) -> Hypergradient:
    sync = average if sync_losses else None
    v: Tensors = [None] * len(params)
    value = 0
    for evaluate in primary:
        part = evaluate().sum() / len(primary)
        v = _add(v, gradients(part, params, scale))
        value = value + part.detach()

    passes = [
        _LossPass(evaluate, params[0].device, keep=len(losses) == 1)
        for evaluate in losses
    ]
    combined = None
    if gamma:
        combined = combine(meltr, _mean(p.values() for p in passes), sync)
        gap = combined.losses.detach().sum() - combined.total.detach()
        value = value + gamma * gap.abs()
        pull = gamma * gap.sign() * (1 - combined.weights.detach())
        for p in passes:
            v = _add(v, gradients(p.graph(), params, scale,
                                  pull / len(passes), estimator == 'vjp'))
    if average is not None:
        v = [torch.zeros_like(p) if g is None else g
             for p, g in zip(params, v, strict=True)]
        average(v)

    if estimator == 'vjp':
        products = _mean(
            vjp_products(p.graph(), params, v, scale) for p in passes)
        primal = [p.values() for p in passes]
    else:
        moving = [i for i, g in enumerate(v) if g is not None]
        duals = [
            p.dual(model, [params[i] for i in moving], [v[i] for i in moving])
            for p in passes
        ]
        primal = [values for values, _ in duals]
        products = _mean(tangents for _, tangents in duals)
    if combined is None:
        combined = combine(meltr, _mean(primal), sync)

    products = products.to(combined.weights.dtype)
    if sync is not None:
        sync([products])
    grads = contract(meltr, combined.weights, products)
    if average is not None:
        average([value] if sync else [value, *grads.values()])
    return Hypergradient(
        grads=grads,
        value=value,
        losses=combined.losses.detach(),
        weights=combined.weights.detach(),
        products=products)


class _LossPass:
    """The task losses of one micro-batch, evaluated as often as needed.

    Every evaluation sees the random numbers of the first, so that values,
    gradients and tangents belong to the same dropout masks.
    """

    def __init__(self, evaluate: Callable[[], Tensor], device: torch.device,
                 keep: bool) -> None:
        self._evaluate = evaluate
        self._device = device
        self._keep = keep  # the graph: costs its memory, saves a forward
        self._state: Optional[RNGState] = None
        self._graph: Optional[Tensor] = None
        self._values: Optional[Tensor] = None

    def values(self) -> Tensor:
        if self._values is None:
            if self._keep:
                self.graph()
            else:
                with torch.no_grad():
                    self._values = self._run()
        return self._values

    def graph(self) -> Tensor:
        if self._graph is not None:
            return self._graph
        graph = self._run()
        self._values = graph.detach()
        if self._keep:
            self._graph = graph
        return graph

    def dual(self, model: nn.Module, params: Sequence[nn.Parameter],
             direction: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        self._graph = None
        return jvp(model, self._run, params, direction)

    def _run(self) -> Tensor:
        if self._state is None:
            self._state = RNGState(self._device)
        else:
            self._state.restore()
        return self._evaluate()


def _mean(tensors) -> Tensor:
    return torch.stack(list(tensors)).mean(0)


def _double_backward(meltr, params, primary, losses, gamma) -> Hypergradient:
    value, values = primary().sum(), losses()
    total = meltr(values)
    weights, = torch.autograd.grad(total, values, retain_graph=True)
    if gamma:
        value = value + gamma * (values.sum() - total).abs()
    v = torch.autograd.grad(
        value, params, retain_graph=True, allow_unused=True)
    inner = torch.autograd.grad(
        total, params, create_graph=True, allow_unused=True)
    product = sum((a * b).sum() for a, b in zip(v, inner, strict=True)
                  if a is not None and b is not None)
    return Hypergradient(
        grads=_negative_gradients(product, meltr),
        value=value.detach(),
        losses=values.detach(),
        weights=weights,
        products=None)


@dataclass
class Combination:
    """M at the given losses, with the graph from phi to dM/dl.

    Attributes:
        losses (Tensor): The task losses that M saw, (T,), a leaf.
        total (Tensor): M(losses), ().
        weights (Tensor): dM/dl, (T,), differentiable in phi.
    """
    losses: Tensor
    total: Tensor
    weights: Tensor


def combine(meltr: nn.Module,
            losses: Tensor,
            average: Optional[Callable[[Tensors], None]] = None,
            create_graph: bool = True) -> Combination:
    """Evaluate M and dM/dl on detached, averaged losses.

    Args:
        meltr (nn.Module): The loss transformer.
        losses (Tensor): Task losses (T,).
        average (Callable, optional): Averages tensors over the processes in
            place. Defaults to None.
        create_graph (bool): Keep the graph from phi to dM/dl.
            Defaults to True.

    Returns:
        Combination: The losses seen, M, and dM/dl.
    """
    losses = losses.detach().clone()
    if average is not None:
        average([losses])
    with torch.enable_grad():
        losses.requires_grad_()
        total = meltr(losses)
        weights, = torch.autograd.grad(
            total, losses, create_graph=create_graph)
    return Combination(losses, total, weights)


def gradients(outputs: Tensor,
              params: Sequence[nn.Parameter],
              scale: float = 1.0,
              weights: Optional[Tensor] = None,
              retain_graph: bool = False) -> Tensors:
    """Gradient of ``<weights, outputs>`` with respect to ``params``.

    Args:
        outputs (Tensor): Scalar or vector with a graph.
        params (Sequence[nn.Parameter]): With respect to what.
        scale (float): Factor during the backward pass. Defaults to 1.
        weights (Tensor, optional): Weights of the outputs, of their shape;
            None for a scalar. Defaults to None.
        retain_graph (bool): Keep the graph. Defaults to False.

    Returns:
        list[Tensor | None]: One gradient per parameter; None where the
        outputs do not depend on it.
    """
    seed = torch.full_like(outputs, scale) if weights is None else \
        (weights * scale).to(outputs.dtype)
    grads = torch.autograd.grad(
        outputs,
        params,
        grad_outputs=seed,
        retain_graph=retain_graph,
        allow_unused=True)
    if scale == 1:
        return list(grads)
    return [None if g is None else g / scale for g in grads]


def vjp_products(losses: Tensor,
                 params: Sequence[nn.Parameter],
                 v: Tensors,
                 scale: float = 1.0) -> Tensor:
    """Products s_t of each loss's gradient with v, by T backward passes.

    Args:
        losses (Tensor): Task losses (T,) with a graph, which is freed.
        params (Sequence[nn.Parameter]): The weights w.
        v (list[Tensor | None]): The direction; None counts as zero.
        scale (float): See :func:`gradients`. Defaults to 1.

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


def inner_product(a: Tensors, b: Tensors) -> Tensor:
    """Sum of ``a_i * b_i``, in float32 or better; None counts as zero.

    Args:
        a (list[Tensor | None]): Tensors.
        b (list[Tensor | None]): Tensors of the same shapes.

    Returns:
        Tensor: A scalar ().
    """
    total = None
    for x, y in zip(a, b, strict=True):
        if x is None or y is None:
            continue
        dtype = torch.promote_types(x.dtype, torch.float32)
        term = torch.dot(x.flatten().to(dtype), y.flatten().to(dtype))
        total = term if total is None else total + term
    if total is None:
        device = next((t.device for t in (*a, *b) if t is not None), None)
        return torch.zeros((), device=device)
    return total


def contract(meltr: nn.Module, weights: Tensor,
             products: Tensor) -> Dict[str, Tensor]:
    """Hypergradient from dM/dl and the constants s: the last line of AID.

    Args:
        meltr (nn.Module): The loss transformer.
        weights (Tensor): dM/dl (T,), differentiable in phi.
        products (Tensor): s (T,).

    Returns:
        dict[str, Tensor]: What belongs into ``.grad``, per parameter name.
    """
    return _negative_gradients(torch.dot(weights, products.detach()), meltr)


def _negative_gradients(product: Tensor,
                        meltr: nn.Module) -> Dict[str, Tensor]:
    named = {n: p for n, p in meltr.named_parameters() if p.requires_grad}
    grads = torch.autograd.grad(
        product, list(named.values()), allow_unused=True)
    return {
        name: -grad
        for name, grad in zip(named, grads, strict=True) if grad is not None
    }


def _add(a: Tensors, b: Tensors) -> Tensors:
    return [x if y is None else y if x is None else x + y
            for x, y in zip(a, b, strict=True)]
