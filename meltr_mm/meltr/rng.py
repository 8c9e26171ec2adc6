"""Replay torch's random numbers, so that two passes draw the same masks."""
from contextlib import contextmanager
from typing import Iterator

import torch


class RNGState:
    """The state of torch's generators at the moment of construction.

    Args:
        device (torch.device): The device that the model runs on; its
            generator is covered beside the CPU's.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.cpu = torch.get_rng_state()
        self.accelerator = None
        if device.type != 'cpu':
            module = torch.get_device_module(device)
            self.accelerator = module.get_rng_state(device)

    def restore(self) -> None:
        """Set the generators back to this state."""
        torch.set_rng_state(self.cpu)
        if self.accelerator is not None:
            module = torch.get_device_module(self.device)
            module.set_rng_state(self.accelerator, self.device)

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Restore this state when the context ends."""
        try:
            yield
        finally:
            self.restore()
