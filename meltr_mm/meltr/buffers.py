"""Leave a model's buffers, and what else it moves, as they were."""
from contextlib import contextmanager
from typing import Iterator, Sequence

import torch
from torch import nn


@contextmanager
def preserved_buffers(model: nn.Module,
                      moving: Sequence[nn.Parameter] = ()) -> Iterator[None]:
    """Undo what passes inside the context do to the model's buffers.

    Running statistics, queues and counters are restored, whether they were
    written in place or replaced, also after an error.

    Args:
        model (nn.Module): The model.
        moving (Sequence[nn.Parameter]): Frozen parameters that its forward
            changes, as those of a momentum encoder. Defaults to none.
    """
    kept = [(p, p.data, p.detach().clone()) for p in moving]
    saved = [(module._buffers, name, buffer, buffer.detach().clone())
             for module in model.modules()
             for name, buffer in module._buffers.items()
             if buffer is not None]
    try:
        yield
    finally:
        with torch.no_grad():
            for holder, name, buffer, content in saved:
                holder[name] = buffer
                buffer.copy_(content)
            for parameter, data, content in kept:
                parameter.data = data
                data.copy_(content)
