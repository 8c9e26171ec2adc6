r"""Products of gradients with a direction, by forward or reverse mode.

Each function of ``PRODUCTS`` takes a pass that gives T values l, parameters w
and a direction v (None counts as zero), and gives l (T,) and the products
:math:`s_t = \langle \nabla_w l_t, v \rangle` (T,) for the same random
numbers. ``'jvp'`` and ``'vjp'`` are exact.
"""
import logging
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from .._torch import DistError, OutOfMemoryError, math_attention, total_norm
from ..check_options import check_number, check_whole
from .forward_mode import described, jvp_of_pass
from .passes import Pass
from .tensor_lists import Average, Tensors, gradients, inner_product

Products = Tuple[Tensor, Tensor]  # l and s, both (T,)

# How far finite differences move the weights, as a vector, to either side.
# Smaller steps drown in float32's rounding, larger ones in curvature once a
# model is trained (measured in both directions: the error has its valley
# between 1e-3 and 3e-3).
STEP = 2e-3


def jvp_products(losses: Pass, params: Sequence[nn.Parameter], v: Tensors,
                 scale: float = 1.0) -> Products:
    """One forward-mode pass of the model: all T at once, no graph.

    Args:
        losses (Pass): Gives T values (T,), such as the losses of a batch.
        params (Sequence[nn.Parameter]): The weights w.
        v (list[Tensor | None]): The direction.
        scale (float): Other than 1 in half precision, where a tangent must
            not vanish: the direction is then scaled to 1. Defaults to 1.

    Raises:
        ForwardModeError: If the losses depend on an operation that has no
            forward-mode formula.
    """
    params, direction = _moved(params, v)
    size = 1.
    if scale != 1:
        size = max((t.abs().max().item() for t in direction if t.numel()),
                   default=0.) or 1.
        direction = [t / size for t in direction]
    values, slopes = jvp_of_pass(losses, params, direction)
    return values, slopes if size == 1 else slopes.float() * size


def vjp_products(losses: Pass, params: Sequence[nn.Parameter], v: Tensors,
                 scale: float = 1.0) -> Products:
    """T backward passes over one graph. Arguments as above."""
    params, v = _moved(params, v)
    with losses.run() as graph:
        units = torch.eye(len(graph), dtype=graph.dtype, device=graph.device)
        last = len(units) - 1
        return graph.detach(), torch.stack([
            inner_product(gradients(graph, params, scale, unit, t < last), v)
            if params else graph.new_zeros(())
            for t, unit in enumerate(units)
        ])


@torch.no_grad()
def difference_products(losses: Pass, params: Sequence[nn.Parameter],
                        v: Tensors, scale: float = 1.0) -> Products:
    """Two evaluations at weights moved along v: an approximation.

    The weights are moved in place and put back from a copy, bit by bit, also
    after an error. Unlike a derivative, a difference sees through ``detach``
    and ``no_grad`` inside the model. Arguments as above.

    Raises:
        TypeError: If a parameter has less than float32 precision.
    """
    params, direction = _moved(params, v)
    coarse = [p.dtype for p in params if torch.finfo(p.dtype).bits < 32]
    if coarse:
        raise TypeError(
            "estimator 'finite_difference' needs parameters in float32 or "
            f"float64, but got {coarse[0]}; use 'vjp' or 'jvp'")
    length = total_norm(direction).item()
    if length == 0:
        values = losses.values()
        return values, torch.zeros_like(values)
    origins = [p.detach().clone() for p in params]
    ends = []
    try:
        for side in (1, -1):
            for p, origin, tangent in zip(params, origins, direction):
                p.copy_(torch.add(
                    origin, tangent, alpha=side * STEP / length))
            ends.append(losses.values())
    finally:
        for p, origin in zip(params, origins):
            p.copy_(origin)
    plus, minus = ends
    return (plus + minus) / 2, (plus - minus) * (length / (2 * STEP))


def _moved(params: Sequence[nn.Parameter],
           v: Tensors) -> Tuple[List[nn.Parameter], List[Tensor]]:
    pairs = [(p, t) for p, t in zip(params, v) if t is not None]
    return [p for p, _ in pairs], [t for _, t in pairs]


PRODUCTS: Dict[str, Callable[..., Products]] = dict(
    jvp=jvp_products, vjp=vjp_products, finite_difference=difference_products)


def mean_products(estimator: str, batches: Sequence[Pass],
                  params: Sequence[nn.Parameter], v: Tensors,
                  scale: float) -> Products:
    """Means of l and of s over some batches."""
    pairs = [PRODUCTS[estimator](batch, params, v, scale)
             for batch in batches]
    losses, products = zip(*pairs)
    return torch.stack(losses).mean(0), torch.stack(products).mean(0)


class AutoProducts:
    """The cheapest exact products that a model supports, for a whole run.

    On the first call, and every ``recheck`` ones, both ``'vjp'`` (exact
    for every model) and ``'jvp'`` (cheaper from two values on) are run on the
    same batch with the same dropout masks. If ``'jvp'`` fails for want of a
    forward-mode formula, then or later, or its products differ from reverse
    mode's, ``'vjp'`` takes over with one warning, from that call on. So it
    does without a trial for a single value, where it is the cheaper one.
    The choice is logged; it is the same on all processes.

    Args:
        tolerance (float): Largest difference of a product s_t, relative to
            the largest of them. Defaults to 1e-3.
        recheck (int): Calls between two comparisons. Defaults to 1000.

    Attributes:
        chosen (str, optional): 'jvp' or 'vjp'; None before the first.
        since_check (int): Calls since the last comparison.
    """

    def __init__(self, tolerance: float = 1e-3, recheck: int = 1000) -> None:
        check_number('tolerance', tolerance, above=0)
        check_whole('recheck', recheck)
        self.tolerance = tolerance
        self.recheck = recheck
        self.chosen: Optional[str] = None
        self.since_check = 0

    def __call__(self, batches: Sequence[Pass],
                 params: Sequence[nn.Parameter], v: Tensors, scale: float,
                 average: Optional[Average]) -> Products:
        """Compute the means of l and s over the batches.

        Args:
            batches (Sequence[Pass]): Passes of one model.
            params (Sequence[nn.Parameter]): The weights w.
            v (list[Tensor | None]): The direction, the same everywhere.
            scale (float): As for the functions of ``PRODUCTS``.
            average (Callable, optional): Averages tensors over the
                processes, in place.
        """

        def run(estimator: str) -> Products:
            return mean_products(estimator, batches, params, v, scale)

        model = batches[0].model
        if self.chosen == 'jvp' and self.since_check < self.recheck:
            self.since_check += 1
            forward, objection = _try_forward_mode(run, model, average)
            if objection is None:
                return forward
            self._fall_back(objection)
        reference = run('vjp')
        if self.chosen != 'vjp':
            self._compare(run, reference, model, average)
        return reference

    def _compare(self, run: Callable[[str], Products], reference: Products,
                 model: nn.Module, average: Optional[Average]) -> None:
        """Choose by comparing forward mode with reverse mode's products."""

        def agree(error: float) -> bool:
            return everywhere(error <= self.tolerance, s.device, average)

        _, s = reference
        comparable = bool(s.isfinite().all() and s.any())
        if not everywhere(comparable, s.device, average):
            return  # nothing to compare with; decide next time
        self.since_check = 0
        if len(s) == 1:
            self.chosen = 'vjp'
            print_log("estimator: 'vjp', the cheapest exact one for one task",
                      'current')
            return
        forward, objection = _try_forward_mode(run, model, average)
        if objection is None:
            error = _difference(forward, reference)
            if not agree(error):
                error = _difference_with_one_attention(run, error)
                if not agree(error):
                    objection = ('the products of forward mode differ by '
                                 f'{error:.1e} (allowed: '
                                 f'{self.tolerance:.0e})')
        if objection is not None:
            self._fall_back(objection)
        elif self.chosen is None:
            self.chosen = 'jvp'
            print_log("estimator: 'jvp' (one forward-mode pass), equal to "
                      "'vjp' on the first meta batch", 'current')
        else:
            print_log(f"estimator: 'jvp' differs from 'vjp' by {error:.1e}, "
                      f'after {self.recheck} meta steps', 'current')

    def _fall_back(self, objection: str) -> None:
        self.chosen = 'vjp'
        print_log(f"estimator: 'vjp' (T backward passes), because {objection}",
                  'current', logging.WARNING)


def _try_forward_mode(run: Callable[[str], Products], model: nn.Module,
                      average: Optional[Average]) -> tuple:
    """Its products, and what any process has against it."""
    forward, objection = None, None
    try:
        forward = run('jvp')
    except (OutOfMemoryError, DistError):
        raise  # these say nothing about forward mode
    except (NotImplementedError, RuntimeError) as error:
        objection = ('forward mode is not possible here: '
                     f'{described(error, model)}')
    device = next(model.parameters()).device
    if everywhere(objection is None, device, average):
        return forward, None
    return None, objection or 'another process cannot'


def _difference_with_one_attention(run: Callable[[str], Products],
                                   otherwise: float) -> float:
    """Compare the modes where both use the attention of forward mode.

    A fused kernel draws other dropout masks than that one, and rounds
    otherwise in half precision: neither makes forward mode wrong. Its graph
    may not fit into memory, though.
    """
    try:
        with math_attention():
            return _difference(run('jvp'), run('vjp'))
    except OutOfMemoryError:
        return otherwise


def _difference(forward: Products, reverse: Products) -> float:
    # Relative to the largest product: the small ones are differences of
    # large numbers in either mode.
    (_, s), (_, exact) = forward, reverse
    return ((s - exact).abs().max() / exact.abs().max()).item()


def everywhere(holds: bool, device: torch.device,
               average: Optional[Average]) -> bool:
    """Whether it holds on all processes."""
    fails = torch.tensor(float(not holds), device=device)
    if average is not None:
        average([fails])
    return not fails
