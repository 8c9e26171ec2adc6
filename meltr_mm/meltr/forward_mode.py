"""One forward-mode pass of a model: values and directional derivatives.

The pass uses plain dual tensors in place of the parameters. What would make
it differ from reverse mode, or fail for want of a formula, is switched for
its duration, and everything is as before when it ends, also after an error.
"""
import functools
from contextlib import ExitStack, contextmanager
from typing import Callable, Iterator, List, Optional, Sequence, Tuple
from unittest.mock import patch

import torch
import torch.autograd.forward_ad as fwAD
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .checkpointing import checkpointing_off
from .linear_outputs import LinearOutputs


def jvp(model: nn.Module,
        fn: Callable[[], Tensor],
        params: Sequence[nn.Parameter],
        direction: Sequence[Tensor],
        outputs: Optional[LinearOutputs] = None) -> Tuple[Tensor, Tensor]:
    """Evaluate ``fn`` and its derivative along a direction of the weights.

    Nothing is recorded for a backward pass, so the pass needs no more memory
    than a forward in inference.

    Args:
        model (nn.Module): The module whose parameters ``fn`` uses.
        fn (Callable): Evaluates a tensor at the model's current parameters.
        params (Sequence[nn.Parameter]): The parameters that move.
        direction (Sequence[Tensor]): One tangent per parameter, of its shape.
        outputs (LinearOutputs, optional): What an evaluation of ``fn`` just
            before computed. Defaults to None.

    Returns:
        tuple[Tensor, Tensor]: The value, and its derivative along
        ``direction`` (zeros if it does not depend on ``params``), both of
        the shape of ``fn()``.

    Raises:
        NotImplementedError: If an operation has no forward-mode formula.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(
            forward_mode_rules(model, outputs or LinearOutputs()))
        stack.enter_context(fwAD.dual_level())
        duals = {
            id(p): fwAD.make_dual(p.detach(), t.detach().to(p.dtype))
            for p, t in zip(params, direction, strict=True)
        }
        stack.enter_context(_replaced_parameters(model, duals))
        value, tangent = fwAD.unpack_dual(fn())
        if tangent is None:
            tangent = torch.zeros_like(value)
        return value, tangent


@contextmanager
def _replaced_parameters(model: nn.Module, tensors: dict) -> Iterator[None]:
    """Put ``tensors[id(parameter)]`` where that parameter is, ties included.
    """
    places: List[tuple] = [
        (module._parameters, name, parameter)
        for module in model.modules()
        for name, parameter in module._parameters.items()
        if id(parameter) in tensors
    ]
    try:
        for holder, name, parameter in places:
            holder[name] = tensors[id(parameter)]
        yield
    finally:
        for holder, name, parameter in places:
            holder[name] = parameter


@contextmanager
def forward_mode_rules(model: nn.Module,
                       outputs: LinearOutputs) -> Iterator[None]:
    """Make forward mode compute what reverse mode would.

    * attention runs on the math kernel, the encoder's inference fast path
      and oneDNN's fused recurrent layers are off: none has a formula;
    * activation checkpointing is off: there is no backward to save for;
    * a ``no_grad`` block of the model stops tangents, as it stops gradients;
    * an embedding's padding rows are constants, as they are for gradients.

    And make it cheaper: a linear layer sums the two products of its tangent
    within the second, where torch's formula adds two tensors; a LayerNorm
    works in place, where it takes twenty temporaries.
    """
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.enter_context(_mha_fastpath_off())
        if any(isinstance(m, nn.RNNBase) for m in model.modules()):
            stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
        stack.enter_context(checkpointing_off(model))
        for switch, enabled in ((torch.no_grad, False),
                                (torch.inference_mode, False),
                                (torch.enable_grad, True),
                                (torch.set_grad_enabled, None)):
            stack.enter_context(_switches_tangents(switch, enabled))
        stack.enter_context(
            patch.object(F, 'embedding', _constant_padding(F.embedding)))
        stack.enter_context(
            patch.object(F, 'linear', _accumulating(F.linear, outputs)))
        stack.enter_context(
            patch.object(F, 'layer_norm', _normalising(F.layer_norm)))
        yield


@contextmanager
def _mha_fastpath_off() -> Iterator[None]:
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


@contextmanager
def _switches_tangents(switch: type,
                       enabled: Optional[bool]) -> Iterator[None]:
    """Let a grad-mode context manager switch tangents along with gradients.

    Forward mode ignores ``no_grad`` by design; a model that means it as a
    stop-gradient would then be differentiated through. torch has no public
    name for the switch.
    """
    enter, leave = switch.__enter__, switch.__exit__
    previous: List[bool] = []

    def entering(self):
        previous.append(torch._C._is_fwd_grad_enabled())
        result = enter(self)
        torch._C._set_fwd_grad_enabled(
            self.mode if enabled is None else enabled)
        return result

    def leaving(self, *exception):
        result = leave(self, *exception)
        torch._C._set_fwd_grad_enabled(previous.pop())
        return result

    with patch.object(switch, '__enter__', entering), \
            patch.object(switch, '__exit__', leaving):
        yield


def _constant_padding(embedding: Callable) -> Callable:

    @functools.wraps(embedding)
    def wrapped(input, weight, padding_idx=None, *args, **kwargs):
        output = embedding(input, weight, padding_idx, *args, **kwargs)
        if padding_idx is None:
            return output
        row = padding_idx % weight.shape[0]
        padding = (input == row).unsqueeze(-1)
        return torch.where(padding, output.detach(), output)

    return wrapped


def _accumulating(linear: Callable, outputs: LinearOutputs) -> Callable:

    @functools.wraps(linear)
    def wrapped(input, weight, bias=None):
        if not _own_formula(input):
            return linear(input, weight, bias)
        x, dx = fwAD.unpack_dual(input)
        w, dw = fwAD.unpack_dual(weight)
        if dw is None:
            return linear(input, weight, bias)
        b, db = (None, None) if bias is None else fwAD.unpack_dual(bias)
        if dx is None:
            tangent = linear(x, dw, db)
        else:
            tangent = linear(dx, w, db)
            tangent.view(-1, len(w)).addmm_(
                x.reshape(-1, x.shape[-1]), dw.t())
        return fwAD.make_dual(outputs.take(x, w, b), tangent)

    return wrapped


def _normalising(layer_norm: Callable) -> Callable:

    @functools.wraps(layer_norm)
    def wrapped(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        x, dx = fwAD.unpack_dual(input)
        if dx is None or not _own_formula(input):
            return layer_norm(input, normalized_shape, weight, bias, eps)
        w, dw = (None, None) if weight is None else fwAD.unpack_dual(weight)
        b, db = (None, None) if bias is None else fwAD.unpack_dual(bias)
        value, mean, rstd = torch.native_layer_norm(
            x, normalized_shape, w, b, eps)
        dims = tuple(range(-len(normalized_shape), 0))
        unit = (x - mean).mul_(rstd)
        tangent = dx - dx.mean(dims, keepdim=True)
        tangent.addcmul_(unit, (unit * dx).mean(dims, keepdim=True),
                         value=-1).mul_(rstd)
        if w is not None:
            tangent.mul_(w)
        if dw is not None:
            tangent.addcmul_(unit, dw)
        if db is not None:
            tangent.add_(db)
        return fwAD.make_dual(value, tangent)

    return wrapped


def _own_formula(input: Tensor) -> bool:
    # Under autocast torch's own formulas know what to cast.
    return torch._C._is_fwd_grad_enabled() and not \
        torch.is_autocast_enabled(input.device.type)
