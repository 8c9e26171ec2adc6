"""Evaluations of a model that start alike and leave no trace.

What differentiates a model by several passes must see the same buffers, the
same momentum encoder and, on one batch, the same dropout masks in each; and
the next training step must find all as it was.
"""
import random
from contextlib import ExitStack, contextmanager
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
)
from unittest.mock import patch

import numpy as np
import torch
import torch.utils.checkpoint
from torch import Tensor, nn

from .._torch import device_module

Evaluate = Callable[[], Tensor]


class ModelState:
    """Buffers and moving parameters as they are at construction.

    Buffers are the running statistics, queues, centres and codebooks that a
    forward writes; moving parameters are those of a momentum encoder, or
    weights that a forward normalises.

    Args:
        model (nn.Module): The model.
        moving (Iterable[nn.Parameter], optional): Parameters that its forward
            may write. Defaults to all frozen ones.
    """

    def __init__(self,
                 model: nn.Module,
                 moving: Optional[Iterable[nn.Parameter]] = None) -> None:
        if moving is None:
            moving = (p for p in model.parameters() if not p.requires_grad)
        self._holders = [(module._buffers, dict(module._buffers))
                         for module in model.modules() if module._buffers]
        buffers = {id(b): b for _, held in self._holders
                   for b in held.values() if b is not None}
        # The tensors and what they hold. A pass gets copies: restoring what
        # it wrote in place would break the graphs that saved it.
        self._contents = [(t, t.data) for t in (*buffers.values(), *moving)]

    @contextmanager
    def copied(self) -> Iterator[None]:
        """Let a pass work on copies; afterwards all is bit-equal to before.

        Backward passes belong into the context too: checkpointed layers read
        the buffers again. Contexts must not be nested.
        """
        try:
            self._put(copy=True)
            yield
        finally:
            self._put(copy=False)

    @torch.no_grad()
    def _put(self, copy: bool) -> None:
        for tensor, content in self._contents:
            tensor.data = content.clone() if copy else content
        for holder, held in self._holders:  # replaced, added or removed ones
            holder.clear()
            holder.update(held)


class Generators:
    """Random number generators as they are at construction.

    They are all that a forward or a data pipeline may draw from: Python's,
    numpy's and torch's, the latter of the CPU and of CUDA devices.

    Args:
        device (torch.device, optional): The one device, beside the CPU, whose
            generator is covered. Defaults to None: all CUDA devices.

    Attributes:
        state (dict): Tensors, tuples and numbers only.
    """

    def __init__(self, device: Optional[torch.device] = None) -> None:
        devices = [device]
        if device is None:
            devices = [torch.device('cuda', index)
                       for index in range(torch.cuda.device_count())]
        kind, keys, *rest = np.random.get_state()
        self.state = dict(
            python=random.getstate(),
            numpy=[kind, torch.from_numpy(keys.astype(np.int64)), *rest],
            torch=torch.get_rng_state(),
            devices=[(str(d), device_module(d).get_rng_state(d))
                     for d in devices if d.type != 'cpu'])

    @staticmethod
    def load(state: dict) -> None:
        """Set the generators to such a state, where its devices are here."""
        random.setstate(_as_tuples(state['python']))
        kind, keys, *rest = state['numpy']
        np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32),
                             *rest))
        torch.set_rng_state(state['torch'].cpu())
        for name, own in state.get('devices', ()):
            device = torch.device(name)
            if device.type != 'cuda' or \
                    device.index < torch.cuda.device_count():
                device_module(device).set_rng_state(own.cpu(), device)

    def restore(self) -> None:
        """Set the generators back to this state."""
        self.load(self.state)

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Restore this state when the context ends."""
        try:
            yield
        finally:
            self.restore()


def _as_tuples(state: Any) -> Any:
    return tuple(map(_as_tuples, state)) if isinstance(
        state, (list, tuple)) else state


class Pass:
    """One batch's losses, the same however often they are evaluated.

    Args:
        evaluate (Callable): Evaluates a tensor at the model's current
            parameters.
        model (nn.Module): The model that it uses.
        state (ModelState): Where every evaluation starts.
    """

    def __init__(self, evaluate: Evaluate, model: nn.Module,
                 state: ModelState) -> None:
        self.model = model
        self.evaluate = evaluate
        self._state = state
        self._generators: Optional[Generators] = None

    @contextmanager
    def started(self) -> Iterator[None]:
        """Where every evaluation starts: call ``evaluate`` in it, once."""
        with self._state.copied():
            if self._generators is None:
                device = next(self.model.parameters()).device
                self._generators = Generators(device)
            else:
                self._generators.restore()
            yield

    @contextmanager
    def run(self) -> Iterator[Tensor]:
        """Evaluate, in the surrounding grad mode.

        Yields:
            Tensor: The losses; their graph is to be used within the context.
        """
        with self.started():
            yield self.evaluate()

    def values(self) -> Tensor:
        """The losses as numbers, without a graph."""
        with torch.no_grad(), self.run() as losses:
            return losses.detach()


# `torch.utils.checkpoint.checkpoint` looks this class up when it is called
# reentrantly, whatever name a model imported `checkpoint` under.
_REENTRANT = 'CheckpointFunction'
# And this one otherwise, in torch 2.1 to 2.6.
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


def non_reentrant_checkpoints() -> ContextManager:
    """Checkpoint activations without reentrance, whatever the model asks for.

    Reentrant checkpointing, the default of MMEngine's
    ``activation_checkpointing`` and of MMAction2's ``with_cp``, allows
    only ``.backward()``, hides a first layer's parameters from it where the
    input needs no gradient, and crashes DDP that looks for unused parameters.
    """
    return patch.object(torch.utils.checkpoint, _REENTRANT, _NonReentrant)


@contextmanager
def checkpointing_off(model: nn.Module) -> Iterator[None]:
    """Switch checkpointing off: a forward-mode pass has nothing to save.

    Args:
        model (nn.Module): Its ``with_cp`` (OpenMMLab) and
            ``gradient_checkpointing`` (transformers) flags are cleared for
            the duration; whoever calls torch without them is caught as well.
    """
    stand_ins: Dict[str, type] = {_REENTRANT: _NoCheckpoint}
    if hasattr(torch.utils.checkpoint, _SAVER):
        stand_ins[_SAVER] = _NothingToSave
    with ExitStack() as stack:
        for module in model.modules():
            for flag in ('with_cp', 'gradient_checkpointing'):
                if getattr(module, flag, False) is True:
                    stack.enter_context(patch.object(module, flag, False))
        stack.enter_context(
            patch.multiple(torch.utils.checkpoint, **stand_ins))
        yield


def fingerprints(parameters: Sequence[nn.Parameter]) -> List[Tensor]:
    """A number for the bits of each tensor; it tells what was written.

    Version counters do not: MMEngine's averaged models write through
    ``.data``.

    Args:
        parameters (Sequence[nn.Parameter]): The tensors.

    Returns:
        list[Tensor]: One int64 scalar each, on the tensor's device.
    """
    return [_bits(p.detach()).sum(dtype=torch.int64) for p in parameters]


def _bits(tensor: Tensor) -> Tensor:
    kinds = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    tensor = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    return tensor.contiguous().view(kinds[tensor.element_size()])
