"""Where the batches of a meta step come from."""
from typing import Any, Iterator, List, Optional, Tuple, Union

from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ..check_options import check_flag
from .history import BatchHistory

Window = List[Any]


class MetaBatches:
    """Draws a meta-validation and a meta-training batch.

    A "batch" is a window: all batches of one parameter update, which are
    several under gradient accumulation.

    Args:
        history (BatchHistory): The recent training windows.
        dataloader (dict | DataLoader, optional): Source of meta-validation
            batches; built from its config when the first is needed. Defaults
            to None: the history.
        shared (bool): One training window serves both purposes.
            Defaults to False.

    Raises:
        ValueError: If ``shared`` is asked for together with a ``dataloader``.
    """

    def __init__(self,
                 history: BatchHistory,
                 dataloader: Optional[Union[dict, DataLoader]] = None,
                 shared: bool = False) -> None:
        check_flag('shared_batch', shared)
        if shared and dataloader is not None:
            raise ValueError(
                'shared_batch and meta_dataloader exclude each other: with '
                'the first one training batch serves both purposes, the '
                'second brings batches kept out of training')
        self.history = history
        self.shared = shared
        self._dataloader = dataloader
        self._held_out: Optional[Iterator] = None

    def draw(self, newest: Window) -> Tuple[Optional[Window], Window]:
        """Draw the batches of one meta step.

        Args:
            newest (list): The window of the last update, which is used while
                the history is empty.

        Returns:
            tuple[list | None, list]: For validation (None if the training
            window is to be used) and for training.
        """
        drawn = self.history.draw if len(self.history) else lambda: newest
        if self.shared:
            return None, drawn()
        if self._dataloader is None:
            return drawn(), drawn()
        if self._held_out is None:
            self._held_out = _endless(self._dataloader)
        return [next(self._held_out)], drawn()


def _endless(loader: Union[dict, DataLoader]) -> Iterator:
    if isinstance(loader, dict):
        loader = Runner.build_dataloader(loader)
    epoch = 0
    while True:
        if hasattr(loader.sampler, 'set_epoch'):
            loader.sampler.set_epoch(epoch)
        empty = True
        for batch in loader:
            empty = False
            yield batch
        if empty:
            raise ValueError(
                'meta_dataloader must yield at least one batch, but it is '
                'empty; with drop_last its dataset must hold a whole batch: '
                'lower its batch_size, or keep more data out of training')
        epoch += 1
