"""Where the batches of a meta step come from.

A "batch" is a window here: all batches of one parameter update, which are
several under gradient accumulation.
"""
import copy
from typing import Any, Iterator, List, Optional, Sequence, Set, Tuple, Union

import numpy as np
import torch
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import DataLoader

from .._torch import compiler_disable
from ..autodiff.passes import fingerprints
from ..check_options import check_choice, check_whole

Window = List[Any]


class BatchHistory:
    """A bounded memory of windows with the official eviction rules.

    Batches are kept as they leave the loader, on the device that they are on.
    Only what a loader's worker hands over is copied: it lies in shared
    memory, each tensor of which costs the process a file descriptor for as
    long as it is kept. The history survives epochs and, with
    :class:`~meltr_mm.resume.ResumeHook`, resuming.

    Args:
        capacity (int): How many windows are kept. Defaults to 10.
        eviction (str): Which one goes when a new one makes it
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

    Attributes:
        batches (list): The windows, the oldest first.
        iterations (list): Of each the training iterations that brought it,
            where these are known.
    """

    def __init__(self,
                 capacity: int = 10,
                 eviction: str = 'weighted',
                 seed: int = 0) -> None:
        check_whole('capacity', capacity)
        check_choice('eviction', eviction, ('weighted', 'fifo'))
        check_whole('seed', seed, least=0)
        self.capacity = capacity
        self.eviction = eviction
        self.batches: List[Window] = []
        self.iterations: List[Optional[List[int]]] = []
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.batches)

    def append(self, batch: Any,
               iterations: Optional[List[int]] = None) -> None:
        """Add a window, and evict one if there are now too many.

        Args:
            batch (Any): The batch, as it leaves the data loader.
            iterations (list[int], optional): Which iterations it is from.
        """
        if _may_be_shared(batch):
            batch = copy.deepcopy(batch)
        self.batches.append(batch)
        self.iterations.append(iterations)
        if len(self.batches) > self.capacity:
            index = self._evicted()
            del self.batches[index], self.iterations[index]

    def draw(self) -> Any:
        """Draw a window uniformly, with replacement.

        Raises:
            IndexError: If the history is empty.
        """
        if not self.batches:
            raise IndexError('no batch can be drawn from an empty history')
        index = torch.randint(len(self.batches), (), generator=self.generator)
        return self.batches[index]

    def refill(self, batches: Sequence[Window],
               iterations: Sequence[Optional[List[int]]]) -> None:
        """Put other windows in place of all, with their iterations."""
        self.batches = list(batches)
        self.iterations = list(iterations)

    def state_dict(self) -> dict:
        """Generator and iterations; the windows, if a safe load reads them."""
        state = dict(generator=self.generator.get_state(),
                     iterations=list(self.iterations))
        if _is_plain(self.batches):
            state['batches'] = list(self.batches)
        return state

    def load_state_dict(self, state: dict) -> None:
        """Load what :meth:`state_dict` returned."""
        self.generator.set_state(state['generator'].cpu())
        batches = state.get('batches', [])
        unknown = [None] * len(batches)
        self.refill(batches, state.get('iterations', unknown)
                    if batches else unknown)

    def _evicted(self) -> int:
        if self.eviction == 'fifo':
            return 0
        weights = torch.arange(1., self.capacity + 1)
        return int(weights.multinomial(1, generator=self.generator))


class Ear:
    """Overhears what a model is trained on, and what its forward writes.

    Attributes:
        window (list): The batches of the update, as they leave the loader.
        iterations (list[int]): The training iteration of each.
        written (set): Trained parameters that a forward writes, such as
            weights that it normalises.
    """

    def __init__(self) -> None:
        self.window: Window = []
        self.iterations: List[int] = []
        self.written: Set[nn.Parameter] = set()

    def take(self) -> Tuple[Window, List[int]]:
        """Give window and iterations, and begin those of the next update."""
        taken = self.window, self.iterations
        self.window, self.iterations = [], []
        return taken

    @compiler_disable
    def open(self, model: nn.Module, iteration: int, watch: bool) -> None:
        """Listen to a MELTRWrapper, and watch its weights if asked to."""

        def hear(preprocessor: nn.Module, args: tuple) -> None:
            self.window.append(args[0])
            self.iterations.append(iteration)

        self._handle = model.data_preprocessor.register_forward_pre_hook(hear)
        self._watched = [p for p in model.model.parameters()
                         if watch and p.requires_grad]
        self._before = fingerprints(self._watched)

    @compiler_disable
    def close(self) -> None:
        """Listen no longer."""
        self._handle.remove()
        self.written.update(
            p for p, before, after in zip(
                self._watched, self._before, fingerprints(self._watched))
            if before != after)


class HeldOutBatches:
    """Endless batches of a loader, which can go on where it was.

    Args:
        dataloader (dict | DataLoader): The loader, or its config; it is built
            when the first batch is needed.

    Attributes:
        drawn (int): Batches so far.
    """

    def __init__(self, dataloader: Union[dict, DataLoader]) -> None:
        self.dataloader = dataloader
        self.drawn = 0
        self._batches = self._endless(0)

    def draw(self) -> Any:
        """The next batch.

        Raises:
            ValueError: If the loader has none.
        """
        self.drawn += 1
        return next(self._batches)

    def seek(self, drawn: int) -> None:
        """Go on after ``drawn`` batches, as a resumed run does."""
        try:
            epoch, passed = divmod(drawn, len(self._built()))
        except (TypeError, ZeroDivisionError):  # a stream, or empty
            epoch, passed = 0, drawn
        self._batches = self._endless(epoch)
        for _ in range(passed):
            next(self._batches)
        self.drawn = drawn

    def _built(self) -> DataLoader:
        if isinstance(self.dataloader, dict):
            self.dataloader = Runner.build_dataloader(self.dataloader)
        return self.dataloader

    def _endless(self, epoch: int) -> Iterator:
        loader = self._built()
        while True:
            if hasattr(loader.sampler, 'set_epoch'):
                loader.sampler.set_epoch(epoch)
            empty = True
            for batch in loader:
                empty = False
                yield batch
            if empty:
                raise ValueError(
                    'meta_dataloader must yield at least one batch, but it '
                    'is empty; with drop_last its dataset must hold a whole '
                    'batch: lower its batch_size, or keep more data out of '
                    'training')
            epoch += 1


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


def _is_plain(value: Any) -> bool:
    """Whether a safe load gives it back: tensors and plain data only."""
    if isinstance(value, dict):
        return all(map(_is_plain, (*value, *value.values())))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return type(value) in (torch.Tensor, str, int, float, bool, type(None))
