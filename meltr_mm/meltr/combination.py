"""MELTR's part of the hypergradient: M, dM/dl, and the last contraction."""
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Optional

import torch
from torch import Tensor, nn

from .rng import RNGState

Average = Callable[[List[Tensor]], None]


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


def combine(meltr: nn.Module,
            losses: Tensor,
            average: Optional[Average] = None,
            create_graph: bool = True) -> Combination:
    """Evaluate M and dM/dl on detached, averaged losses.

    Args:
        meltr (nn.Module): The loss transformer.
        losses (Tensor): Task losses (T,).
        average (Callable, optional): Averages a list of tensors over the
            processes, in place. Defaults to None (one process).
        create_graph (bool): Keep the graph from phi to dM/dl.
            Defaults to True.

    Returns:
        Combination: The losses seen, M, and dM/dl, the same on all processes
        with ``average``.
    """
    losses = losses.detach().clone()
    masks = nullcontext()
    if average is not None:
        # A random number that they agree on, too: MELTR's dropout masks must
        # be the same everywhere, or phi would drift apart.
        draw = torch.rand((), dtype=torch.float64, device=losses.device)
        average([losses, draw])
        masks = _common_masks(draw)
    with torch.enable_grad(), masks:
        losses.requires_grad_()
        total = meltr(losses)
        weights, = torch.autograd.grad(
            total, losses, create_graph=create_graph)
    return Combination(losses, total, weights)


@contextmanager
def _common_masks(draw: Tensor) -> Iterator[None]:
    with RNGState(draw.device).preserved():
        torch.manual_seed(int(draw.item() * 2**53))
        yield


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
    return phi_gradients(-torch.dot(weights, products.detach()), meltr)


def phi_gradients(value: Tensor, meltr: nn.Module) -> Dict[str, Tensor]:
    """Gradient of a scalar with respect to MELTR's parameters.

    Args:
        value (Tensor): A scalar whose graph reaches MELTR; it is kept.
        meltr (nn.Module): The loss transformer.

    Returns:
        dict[str, Tensor]: Per parameter name; one that cannot influence the
        scalar is absent.
    """
    named = {n: p for n, p in meltr.named_parameters() if p.requires_grad}
    grads = torch.autograd.grad(
        value, list(named.values()), retain_graph=True, allow_unused=True)
    return {
        name: grad
        for name, grad in zip(named, grads, strict=True) if grad is not None
    }
