"""The recent training batches, from which meta batches are drawn."""
import copy
from typing import Any, List

import numpy as np
import torch
from mmengine.structures import BaseDataElement

from ..check_options import check_choice, check_whole

EVICTIONS = ('weighted', 'fifo')


class BatchHistory:
    """A bounded memory of batches with the official eviction rules.

    Batches are kept as they leave the loader, on the device that they are on.
    Only what a loader's worker hands over is copied: it lies in shared
    memory, each tensor of which costs the process a file descriptor for as
    long as it is kept. The history survives epochs. It is not part of a
    checkpoint: after a resume it fills again.

    Args:
        capacity (int): How many batches are kept. Defaults to 10.
        eviction (str): Which batch goes when a new one makes it
            ``capacity + 1``:

            - ``'weighted'``: at random, never the newest; position i of the
              older ones (0 = oldest) with probability proportional to i + 1,
              so that old batches linger (the official code for VIOLET and
              All-in-one).
            - ``'fifo'``: the oldest (the official code for UniVL).

            Defaults to 'weighted'.
        seed (int): Seed of draws and evictions. It must be the same on all
            processes, so that the batches drawn on them belong to one
            update. Defaults to 0.

    Raises:
        ValueError: If the capacity is not positive, the eviction unknown or
            the seed negative.
    """

    def __init__(self,
                 capacity: int = 10,
                 eviction: str = 'weighted',
                 seed: int = 0) -> None:
        check_whole('capacity', capacity)
        check_choice('eviction', eviction, EVICTIONS)
        check_whole('seed', seed, least=0)
        self.capacity = capacity
        self.eviction = eviction
        self.batches: List[Any] = []
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.batches)

    def append(self, batch: Any) -> None:
        """Add a batch, and evict one if there are now too many.

        Args:
            batch (Any): The batch, as it leaves the data loader.
        """
        if _may_be_shared(batch):
            batch = copy.deepcopy(batch)
        self.batches.append(batch)
        if len(self.batches) > self.capacity:
            del self.batches[self._evicted()]

    def draw(self) -> Any:
        """Draw a batch uniformly, with replacement.

        Returns:
            Any: One of the batches kept.

        Raises:
            IndexError: If the history is empty.
        """
        if not self.batches:
            raise IndexError('no batch can be drawn from an empty history')
        index = torch.randint(len(self.batches), (), generator=self.generator)
        return self.batches[index]

    def _evicted(self) -> int:
        if self.eviction == 'fifo':
            return 0
        weights = torch.arange(1., self.capacity + 1)
        return int(weights.multinomial(1, generator=self.generator))


def _may_be_shared(batch: Any) -> bool:
    """Whether something in it lies, or may lie, in shared memory."""
    if isinstance(batch, torch.Tensor):
        return batch.is_shared() and not batch.is_cuda
    if isinstance(batch, BaseDataElement):
        return any(map(_may_be_shared, batch.all_values()))
    if isinstance(batch, dict):
        return any(map(_may_be_shared, batch.values()))
    if isinstance(batch, (list, tuple)):
        return any(map(_may_be_shared, batch))
    plain = (str, bytes, int, float, bool, type(None), np.ndarray, np.generic)
    return not isinstance(batch, plain)
