"""The contribution: MELTR and its bi-level optimisation.

Depends on torch and mmengine, and knows nothing about video.
"""
from .amp_optim_wrapper import AmpAIDOptimWrapper
from .history import BatchHistory
from .hooks import TaskWeightPlotHook
from .loss_transformer import MELTR
from .optim_constructor import AIDOptimWrapperConstructor
from .optim_wrapper import AIDOptimWrapper
from .resume import ValidateOnResumeHook
from .scheduler import MetaOptimizerScheduler
from .wrapper import MELTRWrapper

__all__ = [
    'AIDOptimWrapper', 'AIDOptimWrapperConstructor', 'AmpAIDOptimWrapper',
    'BatchHistory', 'MELTR', 'MELTRWrapper', 'MetaOptimizerScheduler',
    'TaskWeightPlotHook', 'ValidateOnResumeHook'
]
