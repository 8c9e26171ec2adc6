"""What a person wants to see while MELTR trains."""
from pathlib import Path
from typing import Dict

import numpy as np
from matplotlib.figure import Figure
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class TaskWeightPlotHook(Hook):
    """Draw each task's weight dM/dl and loss over the whole run.

    The picture ``task_weights.png`` in the work directory is redrawn after
    every epoch (and at the end), from what the wrapper logs; a resumed run
    continues its curves. Does nothing for a model without MELTR.

    Args:
        smoothing (int): Iterations of the running mean that is drawn over
            the raw curve. Defaults to 20.
    """
    priority = 'LOW'

    def __init__(self, smoothing: int = 20) -> None:
        self.smoothing = smoothing

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw the picture.

        Args:
            runner (Runner): The runner.
        """
        self._draw(runner)

    def after_train(self, runner: Runner) -> None:
        """Draw the picture a last time, for loops without epochs.

        Args:
            runner (Runner): The runner.
        """
        self._draw(runner)

    @master_only
    def _draw(self, runner: Runner) -> None:
        scalars = runner.message_hub.log_scalars
        marker = 'train/weight/'
        weights = {
            key.removeprefix(marker): buffer.data[0]
            for key, buffer in scalars.items() if key.startswith(marker)
        }
        if not weights:
            return
        losses = {name: scalars[f'train/{name}'].data[0] for name in weights}
        figure = draw_task_weights(weights, losses, self.smoothing)
        figure.savefig(Path(runner.work_dir) / 'task_weights.png', dpi=120)


def draw_task_weights(weights: Dict[str, np.ndarray],
                      losses: Dict[str, np.ndarray],
                      smoothing: int = 20) -> Figure:
    """Draw the weights dM/dl and the losses of all tasks over iterations.

    Args:
        weights (dict[str, np.ndarray]): Per task dM/dl, one value per
            iteration.
        losses (dict[str, np.ndarray]): Per task the loss, likewise.
        smoothing (int): Iterations of the running mean. Defaults to 20.

    Returns:
        Figure: Two panels that share the iteration axis.
    """
    figure = Figure(figsize=(8, 6), layout='constrained')
    upper, lower = figure.subplots(2, 1, sharex=True)
    for axis, curves in ((upper, weights), (lower, losses)):
        for number, (name, values) in enumerate(curves.items()):
            colour = f'C{number}'
            axis.plot(values, color=colour, alpha=0.2, linewidth=0.8)
            axis.plot(_running_mean(values, smoothing), color=colour,
                      label=name, linewidth=1.8)
    upper.axhline(0, color='grey', linewidth=0.8)
    upper.set(title='How much each task counts', ylabel='weight dM/dl')
    lower.set(xlabel='iteration', ylabel='task loss')
    upper.legend(loc='best', fontsize='small')
    return figure


def _running_mean(values: np.ndarray, length: int) -> np.ndarray:
    """Mean of the last ``length`` values; of fewer at the beginning."""
    total = np.cumsum(np.insert(np.asarray(values, dtype=float), 0, 0.))
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - length, 0)
    return (total[end] - total[start]) / (end - start)
