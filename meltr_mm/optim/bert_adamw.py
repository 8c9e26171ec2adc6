"""The AdamW that transformers shipped up to version 4."""
from typing import Iterable, Sequence, Union

import torch
from mmengine.registry import OPTIMIZERS
from torch import Tensor

from .per_parameter import PerParameterOptimizer


@OPTIMIZERS.register_module()
class BertAdamW(PerParameterOptimizer):
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
