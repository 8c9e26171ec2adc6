"""The Adam of the original BERT, which UniVL is fine-tuned with."""
from typing import Any, Dict, Iterable, Optional, Tuple, Union

import torch
from mmengine.registry import OPTIMIZERS
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from .per_parameter import PerParameterOptimizer


@OPTIMIZERS.register_module()
class BertAdam(PerParameterOptimizer):
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
