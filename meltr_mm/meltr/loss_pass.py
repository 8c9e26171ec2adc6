"""The task losses of one micro-batch, evaluated as often as needed."""
from typing import Callable, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from .finite_difference import central_difference
from .forward_mode import jvp
from .linear_outputs import LinearOutputs
from .rng import RNGState


class LossPass:
    """Values, graph and directional derivatives of the task losses.

    Every evaluation sees the random numbers of the first, so that values,
    gradients and tangents belong to the same dropout masks.

    Args:
        evaluate (Callable): Evaluates the task losses (T,) at the model's
            current parameters.
        device (torch.device): The device that the model runs on.
        keep (bool): Keep the graph between uses, which costs its memory and
            saves a forward pass.
    """

    def __init__(self, evaluate: Callable[[], Tensor], device: torch.device,
                 keep: bool) -> None:
        self.keep = keep
        self._evaluate = evaluate
        self._device = device
        self._state: Optional[RNGState] = None
        self._graph: Optional[Tensor] = None
        self._values: Optional[Tensor] = None
        self._outputs = LinearOutputs()

    def run(self) -> Tensor:
        """Evaluate the losses anew, in the surrounding grad mode.

        Returns:
            Tensor: The losses (T,).
        """
        if self._state is None:
            self._state = RNGState(self._device)
        else:
            self._state.restore()
        return self._evaluate()

    def values(self) -> Tensor:
        """The losses as numbers.

        Returns:
            Tensor: The losses (T,), without a graph.
        """
        if self._values is None:
            if self.keep:
                self.graph()
            else:
                with torch.no_grad():
                    self._values = self.run()
        return self._values

    def graph(self) -> Tensor:
        """The losses with their graph, evaluated anew unless it is kept.

        Returns:
            Tensor: The losses (T,).
        """
        if self._graph is not None:
            return self._graph
        with self._outputs.recording():
            graph = self.run()
        self._values = graph.detach()
        if self.keep:
            self._graph = graph
        return graph

    def release(self) -> None:
        """Forget the graph; the next use evaluates anew."""
        self._graph = None

    def jvp(self, model: nn.Module, params: Sequence[nn.Parameter],
            direction: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        """Values and their derivative along a direction, in forward mode.

        Args:
            model (nn.Module): The model.
            params (Sequence[nn.Parameter]): The parameters that move.
            direction (Sequence[Tensor]): One tangent each.

        Returns:
            tuple[Tensor, Tensor]: Losses (T,) and derivatives (T,).
        """
        self.release()
        return jvp(model, self.run, params, direction, self._outputs)

    def difference(self, params: Sequence[nn.Parameter],
                   direction: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        """As :meth:`jvp`, by a central difference: an approximation.

        Args:
            params (Sequence[nn.Parameter]): The parameters that move.
            direction (Sequence[Tensor]): One tangent each.

        Returns:
            tuple[Tensor, Tensor]: Losses (T,) and derivatives (T,).
        """
        self.release()
        middle, slope = central_difference(self.run, params, direction)
        return middle if self._values is None else self._values, slope
