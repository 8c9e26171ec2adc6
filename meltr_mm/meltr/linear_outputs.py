"""Outputs of linear layers, kept from one pass of a model to the next."""
from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Tuple
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor

Key = Tuple[int, torch.Size]


class LinearOutputs:
    """Lets a forward-mode pass reuse what a pass with a graph computed.

    The regulariser needs the graph of the task losses just before the
    forward-mode pass evaluates them again, at the same weights and with the
    same random numbers. Half of what a linear layer costs in forward mode
    beyond its tangent is that value.
    """

    def __init__(self) -> None:
        self._linear = F.linear  # whatever replaces it while a pass runs
        self._outputs: Dict[Key, List[Tensor]] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Keep the outputs of the linear layers that run in this context.

        Those that the graph does not hold either, because they are
        checkpointed or moved to the CPU, are not kept.
        """
        linear = F.linear

        def recorded(input, weight, bias=None):
            output = linear(input, weight, bias)
            wide = max(weight.shape) >= 2 * min(weight.shape)
            if wide and output.requires_grad and not hooks and \
                    not torch.is_autocast_enabled(input.device.type):
                key = weight.data_ptr(), input.shape
                self._outputs.setdefault(key, []).append(output.detach())
            return output

        with _hooks_of_saved_tensors() as hooks, \
                patch.object(F, 'linear', recorded):
            yield

    def take(self, input: Tensor, weight: Tensor,
             bias: Optional[Tensor]) -> Tensor:
        """``F.linear(input, weight, bias)``, from what was kept if possible.

        An output is used once, in the order of the calls, if its first row
        is that of this input; anything else is computed.

        Args:
            input (Tensor): (..., in).
            weight (Tensor): (out, in).
            bias (Tensor, optional): (out,).

        Returns:
            Tensor: (..., out).
        """
        kept = self._outputs.get((weight.data_ptr(), input.shape))
        if kept:
            output = kept.pop(0)
            row = self._linear(_first_row(input), weight, bias)
            if torch.allclose(
                    row, _first_row(output), rtol=1e-4, atol=1e-5):
                return output
        return self._linear(input, weight, bias)


@contextmanager
def _hooks_of_saved_tensors() -> Iterator[list]:
    """Give the hooks that are on at a time, such as a checkpoint's."""
    hooks: list = []
    kind = torch.autograd.graph.saved_tensors_hooks
    enter, leave = kind.__enter__, kind.__exit__

    def entering(self):
        hooks.append(self)
        return enter(self)

    def leaving(self, *exception):
        hooks.pop()
        return leave(self, *exception)

    with patch.object(kind, '__enter__', entering), \
            patch.object(kind, '__exit__', leaving):
        yield hooks


def _first_row(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1, tensor.shape[-1])[:1]
