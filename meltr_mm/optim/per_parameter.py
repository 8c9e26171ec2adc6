"""What the optimisers of BERT's days have in common."""
from typing import Any, Callable, Optional

import torch
from torch import Tensor
from torch.optim import Optimizer


class PerParameterOptimizer(Optimizer):
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
