"""The contribution: MELTR and its bi-level optimisation.

Depends on torch and mmengine, and knows nothing about video. To read it from
top to bottom: loss_transformer (M), wrapper (the training loss), hypergradient
(the mathematics), optim_wrapper (when it happens). Derivatives of a model are
taken in meltr_mm/autodiff; what can stand in the place of M and of the inverse
Hessian is in meltr_mm/combiners.py and meltr_mm/inverse_hessian.py.
"""
from .history import BatchHistory
from .loss_transformer import MELTR
from .optim_constructor import AIDOptimWrapperConstructor
from .optim_wrapper import AIDOptimWrapper, AmpAIDOptimWrapper
from .wrapper import MELTRWrapper

__all__ = [
    'AIDOptimWrapper', 'AIDOptimWrapperConstructor', 'AmpAIDOptimWrapper',
    'BatchHistory', 'MELTR', 'MELTRWrapper'
]
