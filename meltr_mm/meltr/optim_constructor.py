"""What a config builds: the two optimisers, and schedules of the meta one."""
import copy
from typing import Any, Optional

from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.registry import (
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
)
from torch import nn

from .optim_wrapper import AIDOptimWrapper
from .wrapper import MELTRWrapper, unwrapped


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class AIDOptimWrapperConstructor:
    """Give w to ``optimizer`` and phi to ``meta_optimizer``.

    The model's parameters go through an ordinary constructor, so
    ``paramwise_cfg`` means what it means for the bare model, parameter names
    included.

    Where the combiner has nothing that meta steps train, the meta optimiser
    is left out; parameters that the ordinary gradient trains (uncertainty
    weighting) join the model's.

    Args:
        optim_wrapper_cfg (dict): Config of the wrapper; beside the wrapper's
            own arguments ``optimizer`` and ``meta_optimizer`` (configs of
            optimisers) and ``base_constructor``, the constructor for the
            model's parameters (a type name; defaults to
            'DefaultOptimWrapperConstructor').
        paramwise_cfg (dict, optional): For that constructor.

    Raises:
        KeyError: When called with a MELTR, if ``meta_optimizer`` is missing.
        TypeError: When called with a model that is not a MELTRWrapper.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        cfg = copy.deepcopy(dict(optim_wrapper_cfg))
        self.meta_optimizer = cfg.pop('meta_optimizer', None)
        self.base_constructor = cfg.pop('base_constructor',
                                        'DefaultOptimWrapperConstructor')
        self.optim_wrapper_cfg = cfg
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper that the config names, with both optimisers.

        Args:
            model (nn.Module): A MELTRWrapper, or DDP around one.
        """
        model = unwrapped(model)
        if not isinstance(model, MELTRWrapper):
            raise TypeError(
                'AIDOptimWrapperConstructor needs a MELTRWrapper, but the '
                f'model is a {type(model).__name__}')
        meta_optimizer = None
        if model.needs_meta_steps:
            if self.meta_optimizer is None:
                raise KeyError(
                    'optim_wrapper must have a meta_optimizer, the optimiser '
                    "of MELTR, such as dict(type='AdamW', lr=1e-4); got the "
                    f'keys {sorted(self.optim_wrapper_cfg)}')
            meta_optimizer = OPTIMIZERS.build(
                dict(self.meta_optimizer, params=model.meltr.parameters()))
        constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
            dict(
                type=self.base_constructor,
                optim_wrapper_cfg=dict(
                    self.optim_wrapper_cfg, meta_optimizer=meta_optimizer),
                paramwise_cfg=self.paramwise_cfg))
        wrapper = constructor(model.model)
        if getattr(model.meltr, 'trained_by', None) == 'gradient':
            wrapper.optimizer.add_param_group(
                dict(params=list(model.meltr.parameters())))
        return wrapper


@PARAM_SCHEDULERS.register_module()
def MetaOptimizerScheduler(  # noqa: N802 (it stands for a class in configs)
        optimizer: AIDOptimWrapper, scheduler: dict, by_epoch: bool = True,
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


def _from_epochs(optimizer: AIDOptimWrapper, scheduler: dict,
                 **kwargs: Any) -> _ParamScheduler:
    return PARAM_SCHEDULERS.build(dict(
        _on_phi(optimizer, scheduler, kwargs), convert_to_iter_based=True))


# Where MMEngine looks for it with `convert_to_iter_based=True`.
MetaOptimizerScheduler.build_iter_from_epoch = _from_epochs


def _on_phi(optimizer: AIDOptimWrapper, scheduler: dict,
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
