"""What a run that was ended has to make up for when it goes on."""
from typing import Optional

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner

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
