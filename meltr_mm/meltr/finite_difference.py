"""Directional derivatives from two evaluations, without any gradient."""
from typing import Callable, Sequence, Tuple

import torch
from torch import Tensor, nn

# How far the weights move, as a vector, to either side. Smaller steps drown
# in float32's rounding, larger ones in curvature once a model is trained
# (measured in both directions: the error has its valley between 1e-3 and
# 3e-3).
STEP = 2e-3


@torch.no_grad()
def central_difference(fn: Callable[[], Tensor],
                       params: Sequence[nn.Parameter],
                       direction: Sequence[Tensor],
                       step: float = STEP) -> Tuple[Tensor, Tensor]:
    """Approximate the derivative of ``fn`` along a direction of the weights.

    The weights are moved in place and put back from a copy, bit by bit, also
    after an error. Unlike a derivative, a difference sees through
    ``detach`` and ``no_grad`` inside the model.

    Args:
        fn (Callable): Evaluates a tensor at the current parameters, with the
            same random numbers each time.
        params (Sequence[nn.Parameter]): The parameters that move.
        direction (Sequence[Tensor]): One tangent per parameter.
        step (float): Euclidean length of the move to either side.
            Defaults to 2e-3.

    Returns:
        tuple[Tensor, Tensor]: Mean of the two evaluations, which is ``fn()``
        but for the curvature, and the derivative, both of its shape.

    Raises:
        TypeError: If a parameter has less than float32 precision.
    """
    coarse = [p.dtype for p in params if torch.finfo(p.dtype).bits < 32]
    if coarse:
        raise TypeError(
            "estimator 'finite_difference' needs parameters in float32 or "
            f"float64, but got {coarse[0]}; use 'vjp' or 'jvp'")
    length = torch.nn.utils.get_total_norm(list(direction)).item()
    if length == 0:
        value = fn()
        return value, torch.zeros_like(value)
    saved = [p.detach().clone() for p in params]
    ends = []
    try:
        for side in (1, -1):
            for p, origin, tangent in zip(
                    params, saved, direction, strict=True):
                p.copy_(torch.add(
                    origin, tangent, alpha=side * step / length))
            ends.append(fn())
    finally:
        for p, origin in zip(params, saved, strict=True):
            p.copy_(origin)
    plus, minus = ends
    return (plus + minus) / 2, (plus - minus) * (length / (2 * step))
