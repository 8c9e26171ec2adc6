"""What stands for the inverse Hessian in the hypergradient.

Each component turns dV/dw into an approximation of ``H^-1 dV/dw``, H being
the Hessian of the training loss on the meta-training batch. Both are lists
with one tensor per parameter, of its shape. They are
configured as ``optim_wrapper = dict(inverse_hessian=dict(type=...))``.
"""
import logging
from typing import Callable, List

from mmengine.logging import print_log
from mmengine.registry import TASK_UTILS
from torch import Tensor

from ..check_options import check_number, check_whole
from .tensor_lists import add, inner_product, scaled

HessianProduct = Callable[[List[Tensor]], List[Tensor]]


@TASK_UTILS.register_module(name='IdentityInverseHessian')
class Identity:
    """The identity: the paper's choice (MELTR, section 3.3), and free."""

    needs_hessian = False

    def __call__(self, product: HessianProduct,
                 v: List[Tensor]) -> List[Tensor]:
        """Return ``v`` as it is.

        Args:
            product (Callable): Not used.
            v (list[Tensor]): dV/dw, in the shapes of the parameters.

        Returns:
            list[Tensor]: ``v``, in its shapes.
        """
        return v


@TASK_UTILS.register_module()
class Neumann:
    r"""A truncated Neumann series.

    .. math:: H^{-1} v \approx \alpha \sum_{k=0}^{K} (I - \alpha H)^k v

    which converges for :math:`0 < \alpha < 2 / \lambda_{max}` if H is
    positive definite. With a small :math:`\alpha` it is little more than
    :math:`\alpha (K + 1) v`, the identity at K + 1 times the price.

    Args:
        terms (int): K, the number of products with H. Defaults to 3.
        lr (float): :math:`\alpha`. Defaults to 0.1.

    Raises:
        ValueError: If one of them is negative, or lr is zero.
    """

    needs_hessian = True

    def __init__(self, terms: int = 3, lr: float = 0.1) -> None:
        check_whole('terms of Neumann', terms, least=0)
        check_number('lr of Neumann', lr, above=0)
        self.terms = terms
        self.lr = lr

    def __call__(self, product: HessianProduct,
                 v: List[Tensor]) -> List[Tensor]:
        """Approximate ``H^-1 v``.

        Args:
            product (Callable): Multiplies with H.
            v (list[Tensor]): dV/dw, in the shapes of the parameters.

        Returns:
            list[Tensor]: The approximation, in the shapes of ``v``.
        """
        term = total = v
        for _ in range(self.terms):
            term = add(term, product(term), -self.lr)
            total = add(total, term)
        return [scaled(t, self.lr) for t in total]


@TASK_UTILS.register_module()
class ConjugateGradient:
    """Conjugate gradients on ``(H + damping) x = v``, starting from zero.

    Far from a minimum the Hessian of a network is indefinite. At the first
    direction of non-positive curvature the iteration stops with what it has
    (with ``v`` itself if it has nothing yet), as truncated Newton methods do,
    and says so once; a larger damping lets it go on.

    Args:
        iters (int): Largest number of products with H. Defaults to 5.
        damping (float): Added to the diagonal of H. Defaults to 0.01.
        tolerance (float): Stop when the residual is this much smaller than
            ``v``. Defaults to 1e-10.

    Raises:
        ValueError: If ``iters`` is not positive or the damping negative.
    """

    needs_hessian = True

    def __init__(self,
                 iters: int = 5,
                 damping: float = 0.01,
                 tolerance: float = 1e-10) -> None:
        check_whole('iters of ConjugateGradient', iters)
        check_number('damping of ConjugateGradient', damping, least=0)
        check_number('tolerance of ConjugateGradient', tolerance, least=0)
        self.iters = iters
        self.damping = damping
        self.tolerance = tolerance
        self._warned = False

    def __call__(self, product: HessianProduct,
                 v: List[Tensor]) -> List[Tensor]:
        """Approximate ``(H + damping)^-1 v``.

        Args:
            product (Callable): Multiplies with H.
            v (list[Tensor]): dV/dw, in the shapes of the parameters.

        Returns:
            list[Tensor]: The approximation, in the shapes of ``v``.
        """
        x = None
        residual = direction = v
        size = first = inner_product(v, v).item()
        for _ in range(self.iters):
            if size <= self.tolerance**2 * first:
                break
            image = add(product(direction), direction, self.damping)
            curvature = inner_product(direction, image).item()
            if curvature <= 0:
                self._warn()
                break
            step = size / curvature
            x = [scaled(d, step) for d in direction] if x is None else \
                add(x, direction, step)
            residual = add(residual, image, -step)
            previous, size = size, inner_product(residual, residual).item()
            direction = add(residual, direction, size / previous)
        return v if x is None else x

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            print_log(
                'ConjugateGradient met a direction of non-positive curvature '
                f'(damping {self.damping}): it stops early in such meta '
                'steps; a larger damping lets it go on', 'current',
                logging.WARNING)
