"""The contribution: MELTR and its bi-level optimisation.

Depends on torch and mmengine, and knows nothing about video.
"""
from .amp_optim_wrapper import AmpAIDOptimWrapper
from .combiners import (
    DynamicWeightAverage,
    FixedWeights,
    GradientAggregator,
    LearntWeights,
    MonotoneNetwork,
    PlainSum,
    PrimaryOnly,
    RandomWeights,
    UncertaintyWeights,
)
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
    'BatchHistory', 'DynamicWeightAverage', 'FixedWeights',
    'GradientAggregator', 'LearntWeights', 'MELTR', 'MELTRWrapper',
    'MetaOptimizerScheduler', 'MonotoneNetwork', 'PlainSum', 'PrimaryOnly',
    'RandomWeights', 'TaskWeightPlotHook', 'UncertaintyWeights',
    'ValidateOnResumeHook'
]
