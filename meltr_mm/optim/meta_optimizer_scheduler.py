"""Schedules of the rate at which MELTR learns."""
from typing import Any

from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
def MetaOptimizerScheduler(  # noqa: N802 (it stands for a class in configs)
        optimizer: OptimWrapper, scheduler: dict, by_epoch: bool = True,
        **kwargs: Any) -> _ParamScheduler:
    """Let a parameter scheduler act on the meta optimiser.

    Whether it steps by epochs or iterations is said beside ``scheduler``
    (``by_epoch``, ``convert_to_iter_based``), as for any other scheduler of
    MMEngine, which counts the run's length accordingly.

    Args:
        optimizer (AIDOptimWrapper): Filled in by the runner.
        scheduler (dict): Config of any MMEngine parameter scheduler.
        by_epoch (bool): Step after each epoch, not each iteration. Defaults
            to True.
        **kwargs: Filled in by the runner.

    Returns:
        _ParamScheduler: The scheduler, on the learning rate of phi.

    Raises:
        ValueError: If ``scheduler`` says something else.

    Example:
        >>> param_scheduler = [
        ...     dict(type='MetaOptimizerScheduler', by_epoch=False,
        ...          scheduler=dict(type='CosineAnnealingLR', T_max=2000))]
    """
    return PARAM_SCHEDULERS.build(
        _on_phi(optimizer, scheduler, dict(kwargs, by_epoch=by_epoch)))


def _from_epochs(optimizer: OptimWrapper, scheduler: dict,
                 **kwargs: Any) -> _ParamScheduler:
    return PARAM_SCHEDULERS.build(dict(
        _on_phi(optimizer, scheduler, kwargs), convert_to_iter_based=True))


# Where MMEngine looks for it with `convert_to_iter_based=True`.
MetaOptimizerScheduler.build_iter_from_epoch = _from_epochs


def _on_phi(optimizer: OptimWrapper, scheduler: dict,
            outer: dict) -> dict:
    if scheduler.get('by_epoch', outer.get('by_epoch', True)) != \
            outer.get('by_epoch', True) or \
            'convert_to_iter_based' in scheduler:
        raise ValueError(
            'MetaOptimizerScheduler must have `by_epoch` and '
            '`convert_to_iter_based` itself, beside `scheduler`: the length '
            f'of the run is counted by it. Got {scheduler} and '
            f'by_epoch={outer.get("by_epoch", True)}')
    return {**outer, **scheduler, 'optimizer': optimizer.meta_optimizer}
