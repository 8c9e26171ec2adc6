"""The official way to the hypergradient, kept as the reference.

It builds a second-order graph through the whole model. Tests and
``tools/convert/parity.py`` compare the first-order way with it.
"""
from typing import Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from .passes import Pass


def double_backward(
    meltr: nn.Module, primary: Pass, losses: Pass,
    params: Sequence[nn.Parameter], gamma: float
) -> Tuple[Sequence[Optional[Tensor]], Tensor, Tensor, Tensor]:
    """Differentiate ``-<dL/dw, v>`` in phi, with dL/dw as a graph.

    Args:
        meltr (nn.Module): The loss transformer.
        primary (Pass): The primary loss on the meta-validation batch.
        losses (Pass): The task losses (T,) on the meta-training batch.
        params (Sequence[nn.Parameter]): The weights w.
        gamma (float): Weight of the regulariser.

    Returns:
        tuple: Gradients of MELTR's parameters in their order (None without
        influence), the meta objective (), the losses (T,) and dM/dl (T,).
    """
    with primary.run() as loss:
        value = loss.sum().detach()
        v = _gradient(loss.sum(), params)
    with losses.run() as values:
        total = meltr(values)
        weights, = torch.autograd.grad(total, values, retain_graph=True)
        if gamma:
            gap = gamma * (values.sum() - total).abs()
            value = value + gap.detach()
            v = [b if a is None else a if b is None else a + b
                 for a, b in zip(v, _gradient(gap, params, True))]
        inner = torch.autograd.grad(
            total, params, create_graph=True, allow_unused=True)
        product = sum((a * b).sum() for a, b in zip(v, inner)
                      if a is not None and b is not None)
        grads = torch.autograd.grad(
            -product, list(meltr.parameters()), retain_graph=True,
            allow_unused=True)
        return grads, value, values.detach(), weights


def _gradient(value: Tensor, params: Sequence[nn.Parameter],
              retain_graph: bool = False) -> Sequence[Optional[Tensor]]:
    if not value.requires_grad:
        return [None] * len(params)
    return torch.autograd.grad(
        value, params, retain_graph=retain_graph, allow_unused=True)
