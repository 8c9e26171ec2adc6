r"""The Hessian H of the training loss, as a product with a direction.

With :math:`L(w) = M(l(w))` and J the Jacobian of the task losses,

.. math:: H u = \nabla_w \langle J^T c, u \rangle
          + J^T M''(l) J u, \qquad c = \partial M / \partial l.
"""
from contextlib import ExitStack
from typing import Callable, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from .._torch import math_attention
from ..autodiff.passes import Pass, checkpointing_off
from ..autodiff.tensor_lists import (
    Average,
    Tensors,
    add,
    filled,
    gradients,
    scaled,
)


def training_hessian(batches: Sequence[Pass],
                     params: Sequence[nn.Parameter],
                     losses: Tensor,
                     weights: Tensor,
                     average: Optional[Average] = None,
                     sync: Optional[Average] = None,
                     scale: float = 1.0
                     ) -> Callable[[Sequence[Tensor]], List[Tensor]]:
    """H on a meta-training batch, as a function of u that gives H u.

    On several processes the products are those of the loss that all of them
    minimise together. u and H u have one tensor per parameter.

    Args:
        batches (Sequence[Pass]): Task losses of the micro-batches.
        params (Sequence[nn.Parameter]): w.
        losses (Tensor): The losses of the whole batch that M saw, (T,).
        weights (Tensor): dM/dl at these, (T,), differentiable in them.
        average (Callable, optional): Averages a list of tensors over the
            processes, in place. Defaults to None.
        sync (Callable, optional): The same where M sees the losses averaged
            over processes, so that its curvature couples them. Defaults to
            None.
        scale (float): Factor on the losses in backward passes.
            Defaults to 1.
    """
    share = 1 / len(batches)

    def product(u: Sequence[Tensor]) -> List[Tensor]:
        total: Tensors = [None] * len(params)
        slopes = 0  # J u
        for batch in batches:
            part, slope = _second_order(batch, params, weights, u, scale)
            total = add(total, part, share)
            slopes = slopes + share * slope
        if sync is not None:
            sync([slopes])
        curvature = None
        if weights.requires_grad:
            curvature, = torch.autograd.grad(
                weights, losses, slopes.to(weights.dtype), retain_graph=True,
                allow_unused=True)
        if curvature is not None:  # else M is linear
            for batch in batches:
                with batch.run() as graph:
                    total = add(total, gradients(
                        graph, params, scale, curvature * share))
        total = filled(total, params)
        if average is not None:
            average(total)
        return total

    return product


def _second_order(batch: Pass, params: Sequence[nn.Parameter],
                  weights: Tensor, u: Sequence[Tensor],
                  scale: float) -> Tuple[Tensors, Tensor]:
    """Derivatives of <J^T c, u> with respect to w, and to c: J u.

    One double backward pass gives both. For it alone attention runs on the
    math kernel: fused ones cannot be differentiated twice.
    """
    root = scale**0.5  # the scale enters twice
    with ExitStack() as stack:
        stack.enter_context(math_attention())
        stack.enter_context(checkpointing_off(batch.model))
        losses = stack.enter_context(batch.run())
        c = weights.detach().to(losses.dtype).requires_grad_()
        inner = torch.autograd.grad(
            losses, params, c * root, create_graph=True, allow_unused=True)
        used = [i for i, g in enumerate(inner)
                if g is not None and g.requires_grad]
        *product, slope = torch.autograd.grad(
            [inner[i] for i in used], [*params, c],
            [u[i] * root for i in used], allow_unused=True)
    factor = 1 / scale
    return scaled(product, factor), slope * factor
