"""What a run that was ended has to make up for when it goes on."""
import logging
import os.path as osp
from itertools import islice
from typing import IO, Any, Dict, List, Optional, Sequence

import mmengine
from mmengine.dist import (
    all_gather_object,
    get_rank,
    get_world_size,
    master_only,
)
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import (
    BaseLoop,
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    Runner,
)
from mmengine.utils import digit_version
from torch.utils.data import DataLoader

from .autodiff.passes import Generators, ModelState
from .meltr.optim_wrapper import AIDOptimWrapper
from .meltr.wrapper import unwrapped

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# What `val` begins would be logged among the metrics.
VALIDATED = 'evaluated'


@HOOKS.register_module()
class ValidateOnResumeHook(Hook):
    """Validate on resuming, if the checkpoint does not know its validation.

    MMEngine saves a checkpoint, then validates, then saves it again if it is
    the best so far; and it resumes with the next epoch. So the validation of
    a run that is killed meanwhile is never made: its metrics are missing, and
    the best checkpoint may be one that is not the best. This hook makes that
    validation before training goes on, which costs one validation wherever
    the checkpoint was not the best.
    """
    # After CheckpointHook, which must be ready for a best checkpoint.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._loop: Optional[BaseLoop] = None

    def before_train(self, runner: Runner) -> None:
        """Validate what was resumed, if that is due and it does not know.

        Args:
            runner (Runner): The runner.
        """
        loop = self._loop = runner.train_loop
        done = self._done()
        if runner.val_loop is None or not done or done < loop.val_begin:
            return
        end = loop.max_epochs if self._by_epoch() else loop.max_iters
        if done % loop.val_interval and done != end:
            return
        if runner.message_hub.runtime_info.get(VALIDATED) != done:
            unit = 'epoch' if self._by_epoch() else 'iteration'
            runner.logger.info(f'The checkpoint of {unit} {done} does not '
                               'know its validation: it is made now.')
            runner.val_loop.run()

    def before_val_epoch(self, runner: Runner) -> None:
        """Note what is validated, for a checkpoint that is saved after it.

        Args:
            runner (Runner): The runner.
        """
        if self._loop is not None:
            runner.message_hub.update_info(VALIDATED, self._done())

    def _by_epoch(self) -> bool:
        return isinstance(self._loop, EpochBasedTrainLoop)

    def _done(self) -> int:
        return self._loop.epoch if self._by_epoch() else self._loop.iter


@HOOKS.register_module()
class ResumeHook(Hook):
    """Go on after ``--resume`` as if the run had never ended.

    A checkpoint of :class:`~meltr_mm.meltr.AIDOptimWrapper` says which
    iterations brought the batches of its history, and which batches of an
    incomplete update came before it; this hook reads them again from the
    training data, trains on the latter again, and sets all random
    generators. A model without randomness of its own, on a pipeline
    without any, then ends bit-equal to the run that was not ended.

    It also refuses a second training in a work directory in which one runs.
    """
    priority = 'NORMAL'  # before CheckpointHook saves what is gathered here

    def __init__(self) -> None:
        self._lock: Optional[IO] = None
        self._generators: List[dict] = []  # of all processes
        self._rereads = False  # the training loader, that is

    def before_train(self, runner: Runner) -> None:
        """Take the work directory, and read again what the checkpoint names.

        Raises:
            RuntimeError: If another process trains in this directory.
        """
        self._take(runner.work_dir)
        _skip_what_was_trained(runner.train_loop)
        wrapper, loader = runner.optim_wrapper, runner.train_dataloader
        if not isinstance(wrapper, AIDOptimWrapper):
            return
        # MMEngine gives it the hub that was made last, which is another run's
        # if two of one name begin within a second.
        wrapper.message_hub = runner.message_hub
        self._rereads = _can_be_read_again(loader)
        pending, wrapper.pending = wrapper.pending, {}
        if not pending:
            return
        iterations = pending.get('iterations', [])
        window = pending.get('window', [])
        if not self._rereads and (iterations or window):
            print_log(
                'the history of meta batches starts anew after resuming: '
                'the training loader has no sampler with epochs that could '
                'be asked again', 'current', logging.WARNING)
        elif iterations or window:
            wanted = {i for w in (*iterations, window) for i in w}
            batches = _read_again(loader, wanted)
            wrapper.history.refill(
                [[batches[i] for i in w] for w in iterations], iterations)
            if window:
                self._train_again(runner, [batches[i] for i in window],
                                  window)
        if wrapper.held_out is not None:
            wrapper.held_out.seek(pending.get('held_out', 0))
        generators = pending.get('generators', [])
        if len(generators) == get_world_size():
            Generators.load(generators[get_rank()])

    @master_only
    def _take(self, work_dir: str) -> None:
        if fcntl is None or self._lock is not None:
            return
        self._lock = open(osp.join(work_dir, '.running'), 'a')
        try:
            # Unlike flock's, these locks are not inherited by workers, and a
            # process that is killed leaves none.
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(
                f'{work_dir} must belong to one training, but another process '
                'is training in it now; wait for it, or give another with '
                '--work-dir') from None
        except OSError:  # a file system without locks
            pass

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Give the work directory back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @staticmethod
    def _train_again(runner: Runner, window: List[Any],
                     iterations: List[int]) -> None:
        """Gather the gradients of an update that is not complete."""
        wrapper, hub = runner.optim_wrapper, runner.message_hub
        model = unwrapped(runner.model)
        skips = dict(wrapper.skips.in_a_row)
        wrapper.reopen(len(window))
        runner.model.train()
        with ModelState(model, model.parameters()).copied():
            for batch, iteration in zip(window, iterations):
                hub.update_info('iter', iteration)
                runner.model.train_step(batch, wrapper)
        wrapper.skips.in_a_row = skips

    def after_train_epoch(self, runner: Runner) -> None:
        """Gather the generators of all processes."""
        self._gather(runner)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Gather them anew, for a best checkpoint."""
        self._gather(runner)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Gather them where a checkpoint is due after an iteration."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook) and not hook.by_epoch and \
                    self.every_n_train_iters(runner, hook.interval):
                self._gather(runner)

    def _gather(self, runner: Runner) -> None:
        if isinstance(runner.optim_wrapper, AIDOptimWrapper) and \
                get_world_size() > 1:
            self._generators = all_gather_object(Generators().state)

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: dict) -> None:
        """Save the generators beside the state of AIDOptimWrapper, and no
        batches that can be read again."""
        aid = checkpoint.get('optimizer', {}).get('aid')
        if aid is None:
            return
        aid['generators'] = self._generators or [Generators().state]
        if self._rereads and None not in aid['iterations']:
            aid.pop('batches', None)


def _skip_what_was_trained(loop: BaseLoop) -> None:
    # From 0.10.3 on MMEngine does so itself, after `before_train`.
    if digit_version(mmengine.__version__) < digit_version('0.10.3') and \
            isinstance(loop, IterBasedTrainLoop):
        for _ in range(loop.iter):
            next(loop.dataloader_iterator)


def _can_be_read_again(loader: DataLoader) -> bool:
    return hasattr(getattr(loader, 'sampler', None), 'set_epoch') and \
        hasattr(loader.dataset, '__getitem__') and \
        getattr(loader, 'batch_sampler', None) is not None


def _read_again(loader: DataLoader,
                iterations: Sequence[int]) -> Dict[int, Any]:
    """The batches that a loader gave in some iterations of the run."""
    batches: Dict[int, Any] = {}
    with Generators().preserved():
        for epoch in sorted({i // len(loader) for i in iterations}):
            loader.sampler.set_epoch(epoch)
            first = epoch * len(loader)
            for iteration, indices in enumerate(
                    islice(loader.batch_sampler, len(loader)), first):
                if iteration in iterations:
                    batches[iteration] = loader.collate_fn(
                        [loader.dataset[i] for i in indices])
    return batches
