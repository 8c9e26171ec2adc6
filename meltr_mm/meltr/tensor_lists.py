"""Arithmetic on lists with one tensor per parameter; None counts as zero."""
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
    return [scaled(g, 1 / scale) for g in grads]


def add(a: Tensors, b: Tensors, factor: float = 1.0) -> Tensors:
    """``a + factor * b``, neither of which is changed."""
    return [
        scaled(y, factor) if x is None else
        x if y is None else torch.add(x, y, alpha=factor)
        for x, y in zip(a, b)
    ]


def scaled(tensor: Optional[Tensor], factor: float) -> Optional[Tensor]:
    """``factor * tensor``; a factor of 1 gives the tensor itself."""
    return tensor if tensor is None or factor == 1 else tensor * factor


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


def largest(tensors: Sequence[Tensor]) -> float:
    """Largest absolute value of all elements; 1 if there is none but 0."""
    return max(t.abs().max().item() for t in tensors if t.numel()) or 1.
