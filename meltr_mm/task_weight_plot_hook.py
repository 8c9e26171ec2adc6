"""What a person wants to see while MELTR trains.

Apart from the pictures, which need matplotlib: it is imported by what draws.
"""
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from .meltr import MELTRWrapper

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@HOOKS.register_module()
class TaskWeightPlotHook(Hook):
    """Draw what MELTR does, over the run and as it is now.

    Two pictures in the work directory are redrawn after every epoch, and at
    the end: ``task_weights.png``, each task's weight dM/dl, the losses and a
    metric over the iterations; and ``learnt_loss.png``, M along each loss and
    over each pair of losses. A resumed run continues its curves. Both are
    also given to the visualiser, so that ``LocalVisBackend`` keeps one of
    each epoch and ``TensorboardVisBackend`` shows them. Does nothing for a
    model without MELTR; a combiner that learns nothing has no second picture.
    ``tools/analysis/plot_meltr.py`` draws the same from a run that has ended.

    Args:
        smoothing (int): Iterations of the running mean that is drawn over
            the raw curves. Defaults to 20.
        metric (str, optional): The metric to draw. Defaults to the
            ``save_best`` of the checkpoint hook, else the first.

    Example:
        >>> custom_hooks = [dict(type='TaskWeightPlotHook')]
        >>> vis_backends = [
        ...     dict(type='LocalVisBackend'),
        ...     dict(type='TensorboardVisBackend')]
    """
    priority = 'LOW'

    def __init__(self,
                 smoothing: int = 20,
                 metric: Optional[str] = None) -> None:
        self.smoothing = smoothing
        self.metric = metric
        self._drawn: Tuple[int, int] = (0, 0)  # updates, evaluations

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw the pictures.

        Args:
            runner (Runner): The runner.
        """
        self._draw(runner)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Note when the metrics were measured.

        Args:
            runner (Runner): The runner.
            metrics (dict, optional): Not used; the message hub has them.
        """
        from .pictures.run_history import EVALUATED_AT
        runner.message_hub.update_info(
            EVALUATED_AT, [*self._evaluated_at(runner), runner.iter])

    def after_train(self, runner: Runner) -> None:
        """Draw a last time: for the last metric, and for loops without
        epochs.

        Args:
            runner (Runner): The runner.
        """
        self._draw(runner)

    @staticmethod
    def _evaluated_at(runner: Runner) -> List[int]:
        from .pictures.run_history import EVALUATED_AT
        return runner.message_hub.runtime_info.get(EVALUATED_AT, [])

    @master_only
    def _draw(self, runner: Runner) -> None:
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        evaluated_at = self._evaluated_at(runner)
        now = runner.iter, len(evaluated_at)
        if now == self._drawn or not isinstance(model, MELTRWrapper):
            return
        from .pictures import (
            best_metric,
            draw_history,
            draw_transformation,
            history_of_hub,
            learnt_transformation,
        )
        history = history_of_hub(runner.message_hub.log_scalars, evaluated_at)
        if not history.weights:
            return
        metric = self.metric or best_metric(runner.cfg)
        self._show(runner, 'task_weights', draw_history(
            history, model.primary, metric, self.smoothing))
        if now[0] != self._drawn[0] and model.trained_by is not None:
            self._show(runner, 'learnt_loss', draw_transformation(
                learnt_transformation(model.meltr, history.losses),
                model.primary))
        self._drawn = now

    @staticmethod
    def _show(runner: Runner, name: str, figure: 'Figure') -> None:
        from .pictures import save_figure
        image: np.ndarray = save_figure(
            figure, Path(runner.work_dir) / f'{name}.png')
        runner.visualizer.add_image(name, image, step=runner.iter)
