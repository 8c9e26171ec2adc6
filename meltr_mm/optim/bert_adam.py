"""The Adams of BERT's days, which the official code fine-tunes with."""
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import torch
from mmengine.registry import OPTIMIZERS
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer


class _PerParameterOptimizer(Optimizer):
    """An optimiser that updates one parameter after the other.

    Subclasses define ``_update``.
    """

    @torch.no_grad()
    def step(self, closure: Optional[Callable[[], Any]] = None) -> Any:
        """Update the parameters that have a gradient.

        Args:
            closure (callable, optional): Evaluates the loss anew.

        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group['params']:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict) -> None:
        """Change one parameter in place; its gradient is there."""
        raise NotImplementedError


@OPTIMIZERS.register_module()
class BertAdam(_PerParameterOptimizer):
    """Adam without bias correction, each tensor's gradient clipped.

    With g clipped to norm ``max_grad_norm``, per tensor:
    m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
    p -= lr (m / (sqrt(v) + eps) + weight_decay p).

    Unlike AdamW, m and v start at zero uncorrected, so the first steps are
    longer: the very first has length lr (1 - beta1) / sqrt(1 - beta2), that
    is 3.2 lr. Its learning rate schedules are
    :class:`~meltr_mm.optim.PeriodicLR`.

    Args:
        params (Iterable): Parameters or groups.
        lr (float): Learning rate.
        betas (tuple[float, float]): Defaults to (0.9, 0.999).
        eps (float): Added to the root. Defaults to 1e-6.
        weight_decay (float): Multiplied by lr only, not part of the
            gradient. Defaults to 0.01.
        max_grad_norm (float, optional): Largest norm of one tensor's
            gradient. None: no clipping. Defaults to 1.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> optimizer = dict(type='BertAdam', lr=1e-4, weight_decay=0.01)
    """

    def __init__(self,
                 params: Union[Iterable[Tensor], Iterable[Dict[str, Any]]],
                 lr: float,
                 betas: Tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-6,
                 weight_decay: float = 0.01,
                 max_grad_norm: Optional[float] = 1.) -> None:
        _check(lr >= 0, 'lr', 'at least 0', lr)
        _check(all(0 <= beta < 1 for beta in betas), 'betas', 'in [0, 1)',
               betas)
        _check(eps >= 0, 'eps', 'at least 0', eps)
        _check(max_grad_norm is None or max_grad_norm > 0, 'max_grad_norm',
               'positive or None', max_grad_norm)
        super().__init__(
            params,
            dict(
                lr=lr,
                betas=betas,
                eps=eps,
                weight_decay=weight_decay,
                max_grad_norm=max_grad_norm))

    def _update(self, parameter: torch.Tensor, group: dict) -> None:
        state = self.state[parameter]
        if not state:
            state['exp_avg'] = torch.zeros_like(parameter)
            state['exp_avg_sq'] = torch.zeros_like(parameter)
        if group['max_grad_norm'] is not None:
            clip_grad_norm_(parameter, group['max_grad_norm'])
        mean, square = state['exp_avg'], state['exp_avg_sq']
        beta1, beta2 = group['betas']
        mean.lerp_(parameter.grad, 1 - beta1)
        square.mul_(beta2).addcmul_(
            parameter.grad, parameter.grad, value=1 - beta2)
        update = mean / (square.sqrt() + group['eps'])
        update.add_(parameter, alpha=group['weight_decay'])
        parameter.sub_(update, alpha=group['lr'])


def _check(holds: bool, name: str, rule: str, given: object) -> None:
    if not holds:
        raise ValueError(f'{name} must be {rule}, but got {given}')


@OPTIMIZERS.register_module()
class BertAdamW(_PerParameterOptimizer):
    r"""AdamW with two differences from torch's.

    ``eps`` is added before the bias correction of the second moment, not
    after, which makes the first steps smaller where gradients are tiny; and
    weights decay after the step, not before:

    .. math:: p \leftarrow (1 - lr \cdot wd) \left(p - lr \,
              \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \,
              \frac{m}{\sqrt v + eps}\right).

    It reproduces official runs; for everything else torch's AdamW, which has
    fused kernels, is as good.

    Args:
        params (Iterable): Parameters, or groups of them.
        lr (float): Learning rate. Defaults to 1e-3.
        betas (Sequence[float]): Decay rates of the moments. Defaults to
            (0.9, 0.999).
        eps (float): See the formula. Defaults to 1e-6.
        weight_decay (float): wd. Defaults to 0.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 params: Iterable[Union[Tensor, dict]],
                 lr: float = 1e-3,
                 betas: Sequence[float] = (0.9, 0.999),
                 eps: float = 1e-6,
                 weight_decay: float = 0.) -> None:
        for name, value in dict(
                lr=lr, eps=eps, weight_decay=weight_decay).items():
            if value < 0:
                raise ValueError(
                    f'{name} must not be negative, but got {value}')
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(
                f'betas must be at least 0 and less than 1, but got {betas}')
        super().__init__(
            params,
            dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def _update(self, parameter: Tensor, group: dict) -> None:
        state, grad = self.state[parameter], parameter.grad
        if not state:
            state['step'] = 0
            state['exp_avg'] = torch.zeros_like(parameter)
            state['exp_avg_sq'] = torch.zeros_like(parameter)
        state['step'] += 1
        beta1, beta2 = group['betas']
        state['exp_avg'].lerp_(grad, 1 - beta1)
        state['exp_avg_sq'].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        size = group['lr'] * (1 - beta2**state['step'])**0.5
        size /= 1 - beta1**state['step']
        parameter.addcdiv_(
            state['exp_avg'],
            state['exp_avg_sq'].sqrt().add_(group['eps']),
            value=-size)
        parameter.mul_(1 - group['lr'] * group['weight_decay'])
