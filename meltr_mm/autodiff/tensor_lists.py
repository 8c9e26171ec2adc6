"""Gradients as lists: one tensor per parameter, where None counts as zero."""
from typing import Callable, List, Optional, Sequence

import torch
from torch import Tensor, nn

Tensors = List[Optional[Tensor]]
# Averages tensors over the processes, in place.
Average = Callable[[List[Tensor]], None]


def gradients(outputs: Tensor,
              params: Sequence[nn.Parameter],
              scale: float = 1.0,
              weights: Optional[Tensor] = None,
              retain_graph: bool = False) -> Tensors:
    """Gradient of ``<weights, outputs>`` with respect to ``params``.

    Args:
        outputs (Tensor): Scalar or vector.
        params (Sequence[nn.Parameter]): With respect to what.
        scale (float): Factor during the backward pass, removed from the
            gradients again. Defaults to 1.
        weights (Tensor, optional): Of the outputs' shape; None for a scalar.
        retain_graph (bool): Keep the graph. Defaults to False.

    Returns:
        list[Tensor | None]: One gradient per parameter; None where the
        outputs do not depend on it.
    """
    if not outputs.requires_grad:
        return [None] * len(params)
    seed = torch.full_like(outputs, scale) if weights is None else \
        (weights * scale).to(outputs.dtype)
    grads = torch.autograd.grad(
        outputs, params, grad_outputs=seed, retain_graph=retain_graph,
        allow_unused=True)
    return scaled(grads, 1 / scale)


def add(a: Tensors, b: Tensors, factor: float = 1.0) -> Tensors:
    """``a + factor * b``, neither of which is changed."""
    return [
        _scaled(y, factor) if x is None else
        x if y is None else torch.add(x, y, alpha=factor)
        for x, y in zip(a, b)
    ]


def scaled(tensors: Tensors, factor: float) -> Tensors:
    """``factor * tensors``; a factor of 1 gives the tensors themselves."""
    return [_scaled(t, factor) for t in tensors]


def _scaled(tensor: Optional[Tensor], factor: float) -> Optional[Tensor]:
    return tensor if tensor is None or factor == 1 else tensor * factor


def times(a: Tensors, b: Tensors) -> Tensors:
    """The products ``a_i * b_i``, element by element."""
    return [None if x is None or y is None else x * y for x, y in zip(a, b)]


def filled(tensors: Tensors, params: Sequence[nn.Parameter]) -> List[Tensor]:
    """Zeros where there is None, as averaging over processes needs."""
    return [torch.zeros_like(p) if t is None else t
            for p, t in zip(params, tensors)]


def inner_product(a: Tensors, b: Tensors) -> Tensor:
    """Sum of ``a_i * b_i``, a scalar (), in float32 or better."""
    total = None
    for x, y in zip(a, b):
        if x is None or y is None:
            continue
        dtype = torch.promote_types(x.dtype, torch.float32)
        term = torch.dot(x.flatten().to(dtype), y.flatten().to(dtype))
        total = term if total is None else total + term
    if total is None:
        device = next((t.device for t in (*a, *b) if t is not None), None)
        return torch.zeros((), device=device)
    return total


def gramian(values: Sequence[Tensor], params: Sequence[nn.Parameter],
            average: Optional[Average] = None) -> Tensor:
    """Inner products of the gradients of T values, (T, T).

    They are taken over the parameters that two values or more reach, and are
    those of the averaged gradients on several processes.
    """
    rows = [gradients(value, params, retain_graph=True) for value in values]
    shared = [i for i in range(len(params))
              if sum(row[i] is not None for row in rows) > 1]
    rows = [filled([row[i] for i in shared], [params[i] for i in shared])
            for row in rows]
    for row in rows if average else ():
        average(row)
    return torch.stack(
        [torch.stack([inner_product(a, b) for b in rows]) for a in rows])


def reached(outputs: Sequence[Tensor], model: nn.Module) -> List[str]:
    """Names of the parameters of a model in the graph of some outputs."""
    names = {id(p): name for name, p in model.named_parameters()}
    nodes = [output.grad_fn for output in outputs]
    seen, found = set(), []
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = id(getattr(node, 'variable', None))
        if leaf in names:
            found.append(names[leaf])
        nodes.extend(following for following, _ in node.next_functions)
    return found
