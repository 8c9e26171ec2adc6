"""Builds the optimiser that the tests of meltr_mm.meltr share."""
import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import nn


def build(model: nn.Module, **kwargs) -> OptimWrapper:
    cfg = dict(
        type='AIDOptimWrapper',
        constructor='AIDOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=0.05),
        meta_optimizer=dict(type='SGD', lr=0.5),
        gamma=0.1,
        interval=1)
    cfg.update(kwargs)
    return build_optim_wrapper(model, cfg)


def phi(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(
        model.meltr.parameters()).detach().clone()


def weights(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(
        model.model.parameters()).detach().clone()
