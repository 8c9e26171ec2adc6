"""Features of all processes, through which gradients flow."""
import torch
from mmengine.dist import get_world_size
from torch import Tensor
from torch.distributed.nn.functional import all_gather


def gather(features: Tensor) -> Tensor:
    """Concatenate the features of all processes.

    The gradient of each process's features is the sum over the losses of all
    processes, so that averaging parameters' gradients, as DDP does, gives
    that of the mean loss.

    Args:
        features (Tensor): Of one shape on all processes, (B, S).

    Returns:
        Tensor: Ordered by rank, (R * B, S).
    """
    if get_world_size() == 1:
        return features
    parts = all_gather(features.contiguous())
    for part in parts:
        if part.requires_grad:
            # torch's backward pass reads a gradient's memory as if it were
            # contiguous, also where it is a transposed view.
            part.register_hook(torch.Tensor.contiguous)
    return torch.cat(parts)
