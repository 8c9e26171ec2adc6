"""What the oldest torch of the range lacks, with the release that has it.

Each name can go when ``torch>=`` in ``requirements/runtime.txt`` reaches the
release that stands beside it.
"""
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Callable, ContextManager, Iterator, Sequence
from unittest.mock import patch

import torch
from torch import Tensor, nn

try:  # 2.3
    from torch.nn.attention import SDPBackend, sdpa_kernel
except ImportError:
    SDPBackend = sdpa_kernel = None

OutOfMemoryError = getattr(  # 2.5
    torch, 'OutOfMemoryError', torch.cuda.OutOfMemoryError)
DistError = getattr(  # 2.4
    torch.distributed, 'DistError',
    getattr(torch.distributed, 'DistBackendError', OutOfMemoryError))
# Decorates what torch.compile must not trace; imports the compiler, which
# takes a second, when that is called first.
compiler_disable: Callable = torch._disable_dynamo


def math_attention() -> ContextManager:
    """Let ``scaled_dot_product_attention`` use its math kernel only."""
    if sdpa_kernel is None:
        return torch.backends.cuda.sdp_kernel(
            enable_flash=False, enable_math=True, enable_mem_efficient=False)
    return sdpa_kernel(SDPBackend.MATH)


def any_attention() -> ContextManager:
    """Let it choose its kernel, also within :func:`math_attention`."""
    if sdpa_kernel is None:
        return torch.backends.cuda.sdp_kernel()
    return sdpa_kernel([SDPBackend.FLASH_ATTENTION,
                        SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH])


@contextmanager
def slow_path_of_encoder_layers() -> Iterator[None]:
    """Switch off the fused inference path of torch's encoder layers."""
    if not hasattr(torch.backends, 'mha'):  # 2.2
        # The layers ask torch.overrides whether a tensor is special.
        with patch.object(torch.overrides, 'has_torch_function',
                          lambda tensors: True):
            yield
        return
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def is_autocast_enabled(device: torch.device) -> bool:
    """Whether autocast is on for a device."""
    try:
        return torch.is_autocast_enabled(device.type)  # 2.4
    except TypeError:
        return torch.is_autocast_cpu_enabled() if device.type == 'cpu' \
            else torch.is_autocast_enabled()


def device_module(device: torch.device) -> ModuleType:
    """torch.cuda or its like (``torch.get_device_module``, 2.4)."""
    return getattr(torch, device.type)


def total_norm(tensors: Sequence[Tensor]) -> Tensor:
    """Euclidean norm of all elements (``nn.utils.get_total_norm``, 2.6)."""
    if hasattr(nn.utils, 'get_total_norm'):
        return nn.utils.get_total_norm(list(tensors))
    norms = [torch.linalg.vector_norm(t) for t in tensors]
    return torch.linalg.vector_norm(torch.stack(
        [n.to(norms[0].device) for n in norms])) if norms else \
        torch.tensor(0.)


@contextmanager
def eager(model: nn.Module) -> Iterator[None]:
    """Run compiled modules as they were written.

    Before 2.6 a module that is traced keeps the parameters that it has then,
    also when they are replaced by others for a moment.
    """
    with ExitStack() as stack:
        if not hasattr(nn.utils, 'get_total_norm'):  # 2.6
            for module in model.modules():
                if getattr(module, '_compiled_call_impl', None) is not None:
                    stack.enter_context(
                        patch.object(module, '_compiled_call_impl', None))
                if hasattr(module, '_orig_mod'):  # of torch.compile(module)
                    stack.enter_context(patch.object(
                        module, 'forward', module._orig_mod.__call__))
        yield


def keep_compiled_graphs() -> None:
    """Let backward passes through compiled code keep their graph.

    By default a compiled backward overwrites what the forward saved, so that
    it can run only once; T backward passes over one graph then fail. This
    is decided when something compiles, so call it before the first forward.
    What is not compiled does not change.
    """
    import torch._functorch.config as config
    if hasattr(config, 'donated_buffer'):  # 2.5
        config.donated_buffer = False
