"""Products of the training loss's Hessian with vectors."""
from contextlib import ExitStack
from typing import List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .checkpointing import checkpointing_off
from .combination import Average, Combination
from .loss_pass import LossPass
from .tensor_lists import Tensors, add, filled, gradients, scaled


class TrainingHessian:
    r"""The Hessian of L(w) = M(l(w)) on a meta-training batch, as a product.

    With J the Jacobian of the task losses,

    .. math:: H u = \nabla_w \langle J^T c, u \rangle
              + J^T M''(l) J u, \qquad c = \partial M / \partial l.

    One double backward pass gives the first term and, as its derivative with
    respect to c, also J u. For this pass alone attention runs on the math
    kernel: fused ones cannot be differentiated twice. Its graph is kept
    between products, unless the batch consists of several micro-batches.

    On several processes the products are those of the loss that all of them
    minimise together.

    Args:
        model (nn.Module): The model.
        params (Sequence[nn.Parameter]): w.
        passes (Sequence[LossPass]): Task losses of the micro-batches.
        combined (Combination): M at the losses of the whole batch.
        average (Callable, optional): Averages a list of tensors over the
            processes, in place. Defaults to None.
        sync_losses (bool): M sees the losses averaged over processes, so
            that its curvature couples them. Defaults to True.
        scale (float): Factor on the losses in backward passes.
            Defaults to 1.
    """

    def __init__(self,
                 model: nn.Module,
                 params: Sequence[nn.Parameter],
                 passes: Sequence[LossPass],
                 combined: Combination,
                 average: Optional[Average] = None,
                 sync_losses: bool = True,
                 scale: float = 1.0) -> None:
        self._model = model
        self._params = list(params)
        self._passes = passes
        self._combined = combined
        self._average = average
        self._sync = average if sync_losses else None
        self._scale = scale
        self._kept: Optional[Tuple[Tensor, Tensor, Tensors]] = None

    def __call__(self, u: Sequence[Tensor]) -> List[Tensor]:
        """Multiply.

        Args:
            u (Sequence[Tensor]): One tensor per parameter.

        Returns:
            list[Tensor]: H u, one tensor per parameter.
        """
        share = 1 / len(self._passes)
        product: Tensors = [None] * len(self._params)
        slopes = 0  # J u
        for p in self._passes:
            part, slope = self._second_order(p, u)
            product = add(product, part, share)
            slopes = slopes + share * slope
        if self._sync is not None:
            self._sync([slopes])
        weights, losses = self._combined.weights, self._combined.losses
        curvature, = torch.autograd.grad(
            weights, losses, slopes.to(weights.dtype), retain_graph=True,
            allow_unused=True)
        if curvature is not None:  # else M is linear
            for p in self._passes:
                product = add(product, self._transposed(p, curvature * share))
        product = filled(product, self._params)
        if self._average is not None:
            self._average(product)
        return product

    def _second_order(self, p: LossPass,
                      u: Sequence[Tensor]) -> Tuple[Tensors, Tensor]:
        losses, c, inner = self._first_gradient(p)
        used = [i for i, g in enumerate(inner)
                if g is not None and g.requires_grad]
        *product, slope = torch.autograd.grad(
            [inner[i] for i in used], [*self._params, c],
            [u[i] * self._scale**0.5 for i in used],
            retain_graph=p.keep,
            allow_unused=True)
        factor = 1 / self._scale
        return [scaled(g, factor) for g in product], slope * factor

    def _first_gradient(self,
                        p: LossPass) -> Tuple[Tensor, Tensor, Tensors]:
        """The losses, c, and J^T c as a differentiable function of both."""
        if self._kept is not None:
            return self._kept
        with ExitStack() as stack:
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            stack.enter_context(checkpointing_off(self._model))
            losses = p.run()
            # The scale enters twice here.
            c = self._combined.weights.detach().to(losses.dtype)
            c.requires_grad_()
            inner = torch.autograd.grad(
                losses, self._params, c * self._scale**0.5, create_graph=True,
                allow_unused=True)
        result = losses, c, list(inner)
        if p.keep:
            self._kept = result
        return result

    def _transposed(self, p: LossPass, weights: Tensor) -> Tensors:
        losses = self._kept[0] if p.keep else p.run()
        return gradients(losses, self._params, self._scale, weights, p.keep)
