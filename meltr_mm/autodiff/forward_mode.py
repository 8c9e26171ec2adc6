"""One forward-mode pass of a model: values and directional derivatives.

The pass uses plain dual tensors in place of the parameters. What would make
it differ from reverse mode, or fail for want of a formula, is switched for
its duration and in its thread alone, and everything is as before when it
ends, also after an error.
"""
import functools
import threading
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple
from unittest.mock import patch
from weakref import WeakSet

import torch
import torch.autograd.forward_ad as fwAD
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_map

from .._torch import (
    any_attention,
    eager,
    math_attention,
    slow_path_of_encoder_layers,
)
from .passes import Pass, checkpointing_off

# Scores of attention held at a time, and from how many of them on per head
# the math kernel, which holds them all, is left.
_SCORES, _LONG = 2**18, 2**18


def jvp(model: nn.Module,
        fn: Callable[[], Tensor],
        params: Sequence[nn.Parameter],
        direction: Sequence[Tensor],
        without_formula: Optional[List[str]] = None) -> Tuple[Tensor, Tensor]:
    """Evaluate ``fn`` and its derivative along a direction of the weights.

    Nothing is recorded for a backward pass, so the pass needs no more memory
    than a forward in inference with twice the activations.

    Args:
        model (nn.Module): The module whose parameters ``fn`` uses.
        fn (Callable): Evaluates a tensor at the model's current parameters.
        params (Sequence[nn.Parameter]): The parameters that move.
        direction (Sequence[Tensor]): One tangent per parameter, of its shape.
        without_formula (list, optional): If given, an operation without a
            forward-mode formula does not raise: it is noted here, as
            'operation in module', and its tangent is NaN. So the derivative
            is NaN if it depends on that operation, and right if only
            constants do, such as the costs of a matcher.

    Returns:
        tuple[Tensor, Tensor]: The value, and its derivative along
        ``direction`` (zeros if it does not depend on ``params``), both of
        the shape of ``fn()``.

    Raises:
        NotImplementedError: If an operation has no forward-mode formula.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(eager(model))
        stack.enter_context(_as_in_reverse_mode(model))
        stack.enter_context(fwAD.dual_level())
        duals = {
            id(p): fwAD.make_dual(p.detach(), t.detach().to(p.dtype))
            for p, t in zip(params, direction)
        }
        stack.enter_context(_replaced_parameters(model, duals))
        if without_formula is not None:
            stack.enter_context(_NaNTangents(model, without_formula))
        value, tangent = fwAD.unpack_dual(fn())
        if tangent is None:
            tangent = torch.zeros_like(value)
        return value, tangent


class ForwardModeError(NotImplementedError):
    """The value depends on an operation without a forward-mode formula."""


# Models in which such an operation computes constants only.
_WITH_CONSTANTS: 'WeakSet[nn.Module]' = WeakSet()


def jvp_of_pass(batch: Pass, params: Sequence[nn.Parameter],
                direction: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
    """:func:`jvp` of a pass, whose constants need no formula.

    An operation without one is looked at again: with a tangent of NaN, which
    reaches the value unless the operation computes constants only.

    Raises:
        ForwardModeError: If it does reach the value.
    """
    model = batch.model

    def run(missing: Optional[List[str]]) -> Tuple[Tensor, Tensor]:
        with batch.started():
            value, tangent = jvp(
                model, batch.evaluate, params, direction, missing)
        if missing and not tangent.isfinite().all():
            raise ForwardModeError(
                f'{missing[0]} has no forward-mode formula')
        return value, tangent

    if model in _WITH_CONSTANTS:
        return run([])
    try:
        return run(None)
    except (NotImplementedError, RuntimeError) as error:
        if not any(words in str(error) for words in (
                'forward AD', 'forward mode AD', 'jvp')):
            raise
        reason = described(error, model)
        try:
            result = run([])
        except (NotImplementedError, RuntimeError):
            raise ForwardModeError(reason) from error
    _WITH_CONSTANTS.add(model)
    print_log('forward mode goes on, since only constants need '
              f'this: {reason}', 'current')
    return result


def described(error: BaseException, model: nn.Module) -> str:
    """The first line of an error, and the module where it arose."""
    message = (str(error).strip().splitlines() or [repr(error)])[0]
    if isinstance(error, ForwardModeError):
        return message
    return f'{message} (in {_place_of(error, model)})'


def _place_of(error: BaseException, model: nn.Module) -> str:
    """The innermost module, and a Function if it was in one, which the
    message does not name."""
    trace = error.__traceback__
    functions = []
    while True:
        names = trace.tb_frame.f_locals
        # In its node from torch 2.14 on.
        function = names.get('cls') or getattr(
            type(names.get('self')), '_forward_cls', None)
        if isinstance(function, type) and issubclass(
                function, torch.autograd.Function):
            functions.append(function.__name__)
        if trace.tb_next is None:
            break
        trace = trace.tb_next
    return ', '.join([_module_around(trace.tb_frame, model), *functions[-1:]])


def _module_around(frame: Optional[FrameType], model: nn.Module) -> str:
    names = {id(module): name or type(model).__name__
             for name, module in model.named_modules()}
    while frame is not None:
        name = names.get(id(frame.f_locals.get('self')))
        if name is not None:
            return name
        frame = frame.f_back
    return type(model).__name__


class _NaNTangents(TorchFunctionMode):
    """Gives what cannot be differentiated a tangent that cannot be missed."""

    def __init__(self, model: nn.Module, noted: List[str]) -> None:
        super().__init__()
        self.model, self.noted = model, noted

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        try:
            return func(*args, **kwargs)
        except NotImplementedError as error:
            if 'forward AD' not in str(error):
                raise
            place = _place_of(error, self.model)
            with _tangents(False):
                result = func(*args, **kwargs)
            if any(result is a for a in (*args, *kwargs.values())):
                raise  # in place: an alias would keep the old tangent
            self.noted.append(
                f'{resolve_name(func) or func.__name__} in {place}')
            return tree_map(_with_nan_tangent, result)


def _with_nan_tangent(value: Any) -> Any:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return value
    return fwAD.make_dual(value, torch.full_like(value, float('nan')))


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
def _as_in_reverse_mode(model: nn.Module) -> Iterator[None]:
    """Make forward mode compute what reverse mode would.

    * attention runs on the math kernel, long ones by parts; the encoder's
      inference fast path and oneDNN's fused recurrent layers are off: none
      of these has a formula;
    * activation checkpointing is off: there is no backward to save for;
    * a ``no_grad`` block of the model stops tangents, as it stops gradients;
    * an embedding's padding rows are constants, as they are for gradients;
    * a linear layer adds up its tangent in place, where torch's formula holds
      three more tensors of the output's size.
    """
    with ExitStack() as stack:
        stack.enter_context(math_attention())
        stack.enter_context(slow_path_of_encoder_layers())
        if any(isinstance(m, nn.RNNBase) for m in model.modules()):
            stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
        stack.enter_context(checkpointing_off(model))
        stack.enter_context(_tangents(True))
        for switch, enabled in ((torch.no_grad, False),
                                (torch.inference_mode, False),
                                (torch.enable_grad, True),
                                (torch.set_grad_enabled, None)):
            stack.enter_context(_switches_tangents(switch, enabled))
        stack.enter_context(
            patch.object(F, 'embedding', _constant_padding(F.embedding)))
        stack.enter_context(patch.object(F, 'linear', _in_place(F.linear)))
        stack.enter_context(patch.object(
            F, 'scaled_dot_product_attention',
            _by_parts(F.scaled_dot_product_attention)))
        yield


@contextmanager
def _tangents(enabled: bool) -> Iterator[None]:
    # torch has no public name for this switch, which is one per thread.
    before = torch._C._is_fwd_grad_enabled()
    torch._C._set_fwd_grad_enabled(enabled)
    try:
        yield
    finally:
        torch._C._set_fwd_grad_enabled(before)


@contextmanager
def _switches_tangents(switch: type,
                       enabled: Optional[bool]) -> Iterator[None]:
    """Let a grad-mode context manager switch tangents along with gradients.

    Forward mode ignores ``no_grad`` by design; a model that means it as a
    stop-gradient would then be differentiated through. Other threads, which
    share the class but not the switch, keep torch's own behaviour.
    """
    enter, leave = switch.__enter__, switch.__exit__
    thread = threading.get_ident()

    def entering(self):
        result = enter(self)
        if threading.get_ident() == thread:
            stack = vars(self).setdefault('_tangents', ExitStack())
            stack.enter_context(
                _tangents(self.mode if enabled is None else enabled))
        return result

    def leaving(self, *exception):
        vars(self).pop('_tangents', ExitStack()).close()
        return leave(self, *exception)

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


def _in_place(linear: Callable) -> Callable:

    @functools.wraps(linear)
    def wrapped(input, weight, bias=None):
        if not torch._C._is_fwd_grad_enabled() or \
                torch.is_autocast_enabled() or \
                torch.is_autocast_cpu_enabled():
            return linear(input, weight, bias)
        x, dx = fwAD.unpack_dual(input)
        w, dw = fwAD.unpack_dual(weight)
        if dx is None or dw is None:
            return linear(input, weight, bias)
        b, db = (None, None) if bias is None else fwAD.unpack_dual(bias)
        tangent = linear(dx, w, db)
        tangent.view(-1, len(w)).addmm_(x.reshape(-1, w.shape[1]), dw.t())
        return fwAD.make_dual(linear(x, w, b), tangent)

    return wrapped


def _by_parts(attention: Callable) -> Callable:
    """Attention whose tangent holds the scores of some query rows at a time.

    With P = softmax(S), S = scale Q K^T + mask, the tangent of P V is
    (P dS - P rowsum(P dS)) V + P dV. The value comes from torch's own choice
    of kernel. Short sequences, dropout and grouped queries are left to the
    math kernel.
    """

    @functools.wraps(attention)
    def wrapped(query, key, value, attn_mask=None, dropout_p=0.0,
                is_causal=False, scale=None, **kwargs):
        given = dict(dropout_p=dropout_p, is_causal=is_causal, scale=scale)
        if dropout_p or any(kwargs.values()) or \
                not torch._C._is_fwd_grad_enabled() or \
                query.shape[-2] * key.shape[-2] < _LONG:
            return attention(query, key, value, attn_mask, **given, **kwargs)
        duals = [fwAD.unpack_dual(t) for t in (query, key, value)]
        q, k, v = (dual.primal for dual in duals)
        dq, dk, dv = (torch.zeros_like(dual.primal) if dual.tangent is None
                      else dual.tangent for dual in duals)
        mask, dmask = attn_mask, None
        if attn_mask is not None and attn_mask.is_floating_point():
            mask, dmask = fwAD.unpack_dual(attn_mask)
        with any_attention():
            output = attention(q, k, v, mask, **given)
        scale = q.shape[-1]**-0.5 if scale is None else scale
        exact = torch.promote_types(q.dtype, torch.float32)
        rows = max(1, _SCORES // (k.shape[-2] * output[..., 0, 0].numel()))
        tangent = torch.empty_like(output)
        for start in range(0, q.shape[-2], rows):
            part = slice(start, start + rows)
            scores = (q[..., part, :] @ k.mT).to(exact) * scale
            if is_causal:
                later = torch.arange(k.shape[-2], device=q.device) > \
                    torch.arange(start, start + scores.shape[-2],
                                 device=q.device)[:, None]
                scores = scores.masked_fill_(later, float('-inf'))
            if mask is not None:
                here = _rows(mask, part)
                scores = scores + here if here.is_floating_point() else \
                    scores.masked_fill_(~here, float('-inf'))
            p = scores.softmax(-1)
            p = p.masked_fill_(scores.isneginf().all(-1, keepdim=True), 0.)
            slope = (dq[..., part, :] @ k.mT
                     + q[..., part, :] @ dk.mT).to(exact) * scale
            if dmask is not None:
                slope = slope + _rows(dmask, part)
            slope = p * slope
            slope = slope - p * slope.sum(-1, keepdim=True)
            tangent[..., part, :] = \
                slope.to(v.dtype) @ v + p.to(v.dtype) @ dv
        return fwAD.make_dual(output, tangent)

    return wrapped


def _rows(mask: Tensor, part: slice) -> Tensor:
    return mask if mask.shape[-2] == 1 else mask[..., part, :]
