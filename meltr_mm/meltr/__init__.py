"""The contribution: MELTR and its bi-level optimisation.

Depends on torch and mmengine, and knows nothing about video. To read it from
top to bottom: loss_transformer (M), wrapper (the training loss), hypergradient
(the mathematics), products and forward_mode (how it is first order),
optim_wrapper (when it happens).
"""
from .history import BatchHistory
from .loss_transformer import MELTR
from .optim_constructor import (
    AIDOptimWrapperConstructor,
    MetaOptimizerScheduler,
)
from .optim_wrapper import AIDOptimWrapper, AmpAIDOptimWrapper
from .wrapper import MELTRWrapper

__all__ = [
    'AIDOptimWrapper', 'AIDOptimWrapperConstructor', 'AmpAIDOptimWrapper',
    'BatchHistory', 'MELTR', 'MELTRWrapper', 'MetaOptimizerScheduler'
]
