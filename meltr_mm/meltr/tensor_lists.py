"""Arithmetic on lists with one tensor per parameter; None counts as zero."""
from typing import List, Optional, Sequence

import torch
from torch import Tensor, nn

Tensors = List[Optional[Tensor]]


def gradients(outputs: Tensor,
              params: Sequence[nn.Parameter],
              scale: float = 1.0,
              weights: Optional[Tensor] = None,
              retain_graph: bool = False) -> Tensors:
    """Gradient of ``<weights, outputs>`` with respect to ``params``.

    Args:
        outputs (Tensor): Scalar or vector with a graph.
        params (Sequence[nn.Parameter]): With respect to what.
        scale (float): Factor during the backward pass, removed from the
            gradients again. Defaults to 1.
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


def add(a: Tensors, b: Tensors, factor: float = 1.0) -> Tensors:
    """``a + factor * b``, neither of which is changed.

    Args:
        a (list[Tensor | None]): Tensors.
        b (list[Tensor | None]): Tensors of the same shapes.
        factor (float): Factor of ``b``. Defaults to 1.

    Returns:
        list[Tensor | None]: The sum.
    """
    return [
        scaled(y, factor) if x is None else
        x if y is None else torch.add(x, y, alpha=factor)
        for x, y in zip(a, b, strict=True)
    ]


def scaled(tensor: Optional[Tensor], factor: float) -> Optional[Tensor]:
    """``factor * tensor``; a factor of 1 gives the tensor itself.

    Args:
        tensor (Tensor, optional): A tensor, or None for zero.
        factor (float): The factor.

    Returns:
        Tensor | None: The product.
    """
    return tensor if tensor is None or factor == 1 else tensor * factor


def filled(tensors: Tensors, params: Sequence[nn.Parameter]) -> List[Tensor]:
    """Zeros where there is None, as averaging over processes needs.

    Args:
        tensors (list[Tensor | None]): One per parameter.
        params (Sequence[nn.Parameter]): The parameters.

    Returns:
        list[Tensor]: One tensor per parameter.
    """
    return [torch.zeros_like(p) if t is None else t
            for p, t in zip(params, tensors, strict=True)]


def inner_product(a: Tensors, b: Tensors) -> Tensor:
    """Sum of ``a_i * b_i``, in float32 or better.

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


def largest(tensors: Sequence[Tensor]) -> float:
    """Largest absolute value of all elements; 1 if there is none but 0.

    Args:
        tensors (Sequence[Tensor]): At least one.

    Returns:
        float: Above 0.
    """
    return max(t.abs().max().item() for t in tensors if t.numel()) or 1.
