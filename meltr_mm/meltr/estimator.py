"""The estimator that a model supports, found on its first meta batch."""
import logging
from typing import Optional

import torch
from mmengine.logging import print_log
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from .combination import Average
from .hypergradient import Hypergradient, hypergradient


class AutoEstimator:
    """Compute hypergradients with the cheapest exact estimator that works.

    On the first call both ``'vjp'`` (exact for every model) and ``'jvp'``
    (cheaper from two tasks on) are run on the same batches with the same
    dropout masks. If ``'jvp'`` fails for want of a forward-mode formula, or
    its products differ from reverse mode's, ``'vjp'`` is used from then on;
    so it is without a trial where it is the cheaper one: for one task, or for
    two with one batch for both purposes.
    The decision is logged; on several processes it is the same everywhere.

    Args:
        tolerance (float): Largest difference of a product s_t, relative to
            the largest of them. Defaults to 1e-3.
    """

    def __init__(self, tolerance: float = 1e-3) -> None:
        self.tolerance = tolerance
        self.chosen: Optional[str] = None

    def __call__(self, *args, **kwargs) -> Hypergradient:
        """Compute a hypergradient.

        Args:
            *args: As for
                :func:`~meltr_mm.meltr.hypergradient.hypergradient`.
            **kwargs: As for that function, without ``estimator``.

        Returns:
            Hypergradient: The result.
        """
        if self.chosen is not None:
            return hypergradient(*args, estimator=self.chosen, **kwargs)
        reference = hypergradient(*args, estimator='vjp', **kwargs)
        products, average = reference.products, kwargs.get('average')
        comparable = products.isfinite().all() and bool(products.any())
        if not _everywhere(comparable, products, average):
            return reference  # nothing to compare with; decide next time
        tasks, shared = len(reference.products), isinstance(args[2], int)
        if tasks <= (2 if shared else 1):
            self.chosen = 'vjp'
            print_log("estimator: 'vjp', the cheapest exact one for so few "
                      'tasks', 'current')
            return reference
        objection = self._objection_to_jvp(reference, args, kwargs)
        self.chosen = 'vjp' if objection else 'jvp'
        if objection:
            print_log(
                f"estimator: 'vjp' (T backward passes), because {objection}",
                'current', logging.WARNING)
        else:
            print_log("estimator: 'jvp' (one forward-mode pass), equal to "
                      "'vjp' on the first meta batch", 'current')
        return reference

    def _objection_to_jvp(self, reference: Hypergradient, args: tuple,
                          kwargs: dict) -> Optional[str]:
        like, average = reference.products, kwargs.get('average')
        forward, objection = None, 'another process cannot'
        try:
            forward = hypergradient(*args, estimator='jvp', **kwargs)
        except (torch.OutOfMemoryError, torch.distributed.DistError):
            raise  # these say nothing about forward mode
        except (NotImplementedError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            objection = f'forward mode is not possible here: {reason}'
        if not _everywhere(forward is not None, like, average):
            return objection
        error = _difference(forward, reference)
        if not _everywhere(error <= self.tolerance, like, average):
            error = _difference_with_one_attention(args, kwargs, error)
        if _everywhere(error <= self.tolerance, like, average):
            return None
        return (f'the products of forward mode differ by {error:.1e} '
                f'(allowed: {self.tolerance:.0e})')


def _difference_with_one_attention(args: tuple, kwargs: dict,
                                   otherwise: float) -> float:
    """Compare the modes where both use the attention of forward mode.

    A fused kernel draws other dropout masks than that one, and rounds
    otherwise in half precision: neither makes forward mode wrong. Its graph
    may not fit into memory, though.
    """
    try:
        with sdpa_kernel(SDPBackend.MATH):
            return _difference(*(
                hypergradient(*args, estimator=estimator, **kwargs)
                for estimator in ('jvp', 'vjp')))
    except torch.OutOfMemoryError:
        return otherwise


def _difference(forward: Hypergradient, reverse: Hypergradient) -> float:
    # Relative to the largest product: the small ones are differences of
    # large numbers in either mode.
    error = (forward.products - reverse.products).abs().max()
    return (error / reverse.products.abs().max()).item()


def _everywhere(holds: bool, like: Tensor,
                average: Optional[Average]) -> bool:
    """Whether it holds on all processes."""
    fails = like.new_tensor(float(not holds))
    if average is not None:
        average([fails])
    return not fails
