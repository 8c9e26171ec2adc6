"""Parameter schedulers for MELTR's own optimiser."""
from typing import Any

from mmengine.optim import _ParamScheduler
from mmengine.registry import PARAM_SCHEDULERS

from .optim_wrapper import AIDOptimWrapper


@PARAM_SCHEDULERS.register_module()
def MetaOptimizerScheduler(  # noqa: N802 (it stands for a class in configs)
        optimizer: AIDOptimWrapper, scheduler: dict,
        **kwargs: Any) -> _ParamScheduler:
    """Let a parameter scheduler act on the meta optimiser.

    Args:
        optimizer (AIDOptimWrapper): Filled in by the runner.
        scheduler (dict): Config of any MMEngine parameter scheduler.
        **kwargs: Filled in by the runner.

    Returns:
        _ParamScheduler: The scheduler, on the learning rate of phi.

    Example:
        >>> param_scheduler = [
        ...     dict(type='MetaOptimizerScheduler',
        ...          scheduler=dict(type='CosineAnnealingLR', T_max=20))]
    """
    return PARAM_SCHEDULERS.build(
        dict(kwargs) | dict(scheduler, optimizer=optimizer.meta_optimizer))
