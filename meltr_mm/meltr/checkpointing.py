"""Activation checkpointing during the passes of a meta step."""
from contextlib import contextmanager
from typing import Any, Callable, Iterator
from unittest.mock import patch

import torch.utils.checkpoint
from torch import Tensor, nn

# `torch.utils.checkpoint.checkpoint` looks this class up when it is called
# reentrantly, whatever name a model imported `checkpoint` under.
_REENTRANT = 'CheckpointFunction'
# And this one otherwise, in torch 2.6 but not in 2.13.
_SAVER = '_NoopSaveInputs'


class _NonReentrant:
    """Stands in for reentrant checkpointing: the same savings without it."""

    @staticmethod
    def apply(function: Callable, preserve_rng_state: bool, *args) -> Any:
        return torch.utils.checkpoint.checkpoint(
            function,
            *args,
            use_reentrant=False,
            preserve_rng_state=preserve_rng_state)


class _NoCheckpoint:
    """Stands in for reentrant checkpointing: just calls the function."""

    @staticmethod
    def apply(function: Callable, preserve_rng_state: bool, *args) -> Any:
        return function(*args)


class _NothingToSave:
    """Stands in for what saves a checkpoint's inputs: no formula needed."""

    @staticmethod
    def apply(*args) -> Tensor:
        return torch.empty(0)


@contextmanager
def checkpointing_for_grad() -> Iterator[None]:
    """Let models that checkpoint reentrantly be used with ``autograd.grad``.

    torch allows only ``.backward()`` through a reentrant checkpoint, and that
    is still the default of MMAction2's backbones.
    """
    with patch.object(torch.utils.checkpoint, _REENTRANT, _NonReentrant):
        yield


@contextmanager
def checkpointing_off(model: nn.Module) -> Iterator[None]:
    """Switch checkpointing off: a forward-mode pass has nothing to save.

    Args:
        model (nn.Module): Its ``with_cp`` (OpenMMLab) and
            ``gradient_checkpointing`` (transformers) flags are cleared for
            the duration; whoever calls torch without them is caught as well.
    """
    flags = [(module, name) for module in model.modules()
             for name in ('with_cp', 'gradient_checkpointing')
             if getattr(module, name, False) is True]
    try:
        for module, name in flags:
            setattr(module, name, False)
        with patch.multiple(
                torch.utils.checkpoint, **{
                    name: stand_in
                    for name, stand_in in ((_REENTRANT, _NoCheckpoint),
                                           (_SAVER, _NothingToSave))
                    if hasattr(torch.utils.checkpoint, name)
                }):
            yield
    finally:
        for module, name in flags:
            setattr(module, name, True)
