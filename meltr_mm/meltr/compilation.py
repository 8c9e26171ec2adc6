"""Models that contain modules compiled by torch.compile."""
import torch._functorch.config
from torch import nn
from torch._dynamo import OptimizedModule


def keep_compiled_graphs(model: nn.Module) -> None:
    """Let backward passes through compiled modules keep their graph.

    By default a compiled backward overwrites what the forward saved, so that
    it can run only once; T backward passes over one graph then fail. This
    is decided when a module compiles, so call it before the first forward.
    Models without compiled modules change nothing.

    Args:
        model (nn.Module): The model.
    """
    if any(isinstance(module, OptimizedModule)
           or module._compiled_call_impl is not None
           for module in model.modules()):
        torch._functorch.config.donated_buffer = False
