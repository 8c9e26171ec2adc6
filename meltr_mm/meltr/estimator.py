"""The estimator that a model supports, found on its first meta batch."""
import logging
from typing import Optional

import torch
from mmengine.logging import print_log
from torch import Tensor

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
        if not _everywhere(not objection, products, average):
            objection = objection or 'another process cannot'
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
        try:
            products = hypergradient(
                *args, estimator='jvp', **kwargs).products
        except (torch.OutOfMemoryError, torch.distributed.DistError):
            raise  # these say nothing about forward mode
        except (NotImplementedError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            return f'forward mode is not possible here: {reason}'
        # Relative to the largest product: the small ones are differences of
        # large numbers in either mode.
        error = (products - reference.products).abs().max()
        error = (error / reference.products.abs().max()).item()
        if error <= self.tolerance:
            return None
        return (f'the products of forward mode differ by {error:.1e} '
                f'(allowed: {self.tolerance:.0e})')


def _everywhere(holds: bool, like: Tensor,
                average: Optional[Average]) -> bool:
    """Whether it holds on all processes."""
    fails = like.new_tensor(float(not holds))
    if average is not None:
        average([fails])
    return not fails
