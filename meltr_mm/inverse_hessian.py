"""Other things than the identity in the place of the inverse Hessian.

Each component is called with a product (multiplies with H, the Hessian of the
training loss on the meta-training batch), ``v`` = dV/dw and the parameters,
and gives an approximation of ``H^-1 v``; both lists have one tensor per
parameter, of its shape. It says whether it uses the product
(``needs_hessian``; else it may be None), and is configured as
``optim_wrapper = dict(inverse_hessian=dict(type=...))``.
"""
import logging
from typing import Callable, List, Optional, Sequence

from mmengine.logging import print_log
from mmengine.registry import TASK_UTILS
from torch import Tensor, nn
from torch.optim import Optimizer

from .autodiff.tensor_lists import (
    Tensors,
    add,
    filled,
    inner_product,
    scaled,
    times,
)
from .check_options import check_flag, check_number, check_whole

HessianProduct = Callable[[List[Tensor]], List[Tensor]]
Params = Sequence[nn.Parameter]


@TASK_UTILS.register_module(name='IdentityInverseHessian')
class Identity:
    """The identity: the paper's choice (MELTR, section 3.3), and free."""

    needs_hessian = False

    def __call__(self, product: Optional[HessianProduct], v: List[Tensor],
                 params: Params = ()) -> List[Tensor]:
        """Return ``v`` as it is."""
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

    def __call__(self, product: HessianProduct, v: List[Tensor],
                 params: Params = ()) -> List[Tensor]:
        """Approximate ``H^-1 v``."""
        term = total = v
        for _ in range(self.terms):
            term = add(term, product(term), -self.lr)
            total = add(total, term)
        return scaled(total, self.lr)


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

    def __call__(self, product: HessianProduct, v: List[Tensor],
                 params: Params = ()) -> List[Tensor]:
        """Approximate ``(H + damping)^-1 v``."""
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
            x = scaled(direction, step) if x is None else \
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


@TASK_UTILS.register_module()
class AdamPreconditioner:
    r"""What the model's own Adam does with a gradient.

    A step of Adam along a gradient g is P g, with
    :math:`P = 1 / (\sqrt{\hat{\nu}} + \epsilon)` from its second moments. Its
    length does not depend on the scale of the loss, so only changes of
    direction count: with the first moments m, the part of v that a step along
    m itself would use up is taken out,

    .. math:: v' = v - m \frac{\langle P m, v \rangle}{\langle P m, m \rangle},
              \qquad H^{-1} v \approx P v',

    with P scaled to mean 1. It costs no evaluation of the model: the state is
    there. So :math:`\langle m, P v' \rangle = 0`: scaling all losses alike has
    no gradient, and an auxiliary gradient that merely uses up step length is
    seen to do so.

    Args:
        project (bool): Take that part out. Defaults to True.

    Attributes:
        optimizer (Optimizer): The model's, set by AIDOptimWrapper: one whose
            state has ``exp_avg`` and ``exp_avg_sq``.

    Raises:
        ValueError: When called with the state of another optimiser.
    """

    needs_hessian = False

    def __init__(self, project: bool = True) -> None:
        check_flag('project of AdamPreconditioner', project)
        self.project = project
        self.optimizer: Optional[Optimizer] = None

    def __call__(self, product: Optional[HessianProduct], v: List[Tensor],
                 params: Params) -> List[Tensor]:
        """Precondition ``v``; parameters that had no update yet stay out."""
        groups = {id(p): group for group in self.optimizer.param_groups
                  for p in group['params']}
        moments: Tensors = []
        scales: Tensors = []
        for p in params:
            state = self.optimizer.state.get(p) or None
            if state is not None and not {'exp_avg', 'exp_avg_sq'} <= set(
                    state):
                raise ValueError(
                    'AdamPreconditioner needs the moments exp_avg and '
                    'exp_avg_sq of an optimiser such as AdamW, but '
                    f'{type(self.optimizer).__name__} keeps {sorted(state)}')
            moments.append(state and state['exp_avg'])
            scales.append(state and _adam_scale(state, groups[id(p)]))
        known = [s for s in scales if s is not None]
        if not known:
            return v
        mean = sum(s.sum() for s in known) / sum(s.numel() for s in known)
        scales = [None if s is None else s / mean for s in scales]
        if self.project:
            pm = times(scales, moments)
            size = inner_product(pm, moments)
            if size > 0:
                share = (inner_product(pm, v) / size).item()
                v = add(v, moments, -share)
        return filled(times(scales, v), params)


def _adam_scale(state: dict, group: dict) -> Tensor:
    second = state['exp_avg_sq']
    if state.get('step') is not None and 'betas' in group:
        second = second / (1 - group['betas'][1]**float(state['step']))
    return 1 / (second.sqrt() + group.get('eps', 1e-8))
