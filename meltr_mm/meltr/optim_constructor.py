"""What a config builds: the optimisers of the model and of MELTR."""
import copy
from typing import Optional

from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS
from torch import nn

from .wrapper import meltr_wrapper


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
        self.optim_wrapper_cfg = copy.deepcopy(dict(optim_wrapper_cfg))
        self.meta_optimizer = self.optim_wrapper_cfg.pop(
            'meta_optimizer', None)
        self.base_constructor = self.optim_wrapper_cfg.pop(
            'base_constructor', 'DefaultOptimWrapperConstructor')
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper that the config names, with both optimisers.

        Args:
            model (nn.Module): A MELTRWrapper, or DDP around one.
        """
        model = meltr_wrapper(model, type(self).__name__)
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
        if model.trained_by == 'gradient':
            wrapper.optimizer.add_param_group(
                dict(params=list(model.meltr.parameters())))
        return wrapper
