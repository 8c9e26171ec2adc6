"""Warns of a run in which the combination of the losses has gone wrong."""
import logging
from typing import Any, Dict, List, Optional

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from .check_options import check_whole
from .meltr.wrapper import MELTRWrapper, unwrapped

TINY = 1e-3
NEGATIVE = (
    'the weight of the primary loss {primary} has been negative for {updates} '
    'iterations: the model is pushed away from its task. At the start that is '
    "the draw of MELTR's weights: set meltr=dict(start='sum') or "
    "start='primary'. Later, lower meta_optimizer.lr or take larger meta "
    'batches')
VANISHED = (
    'all task weights have been below {tiny} for {updates} iterations: with '
    'SGD or a weight decay the model hardly learns. Set inverse_hessian='
    "dict(type='AdamPreconditioner'), which leaves the common scale of the "
    'weights alone, or lower meta_optimizer.lr')
STUCK = (
    'the task weights have not moved for {updates} iterations although meta '
    'steps were taken: MELTR is saturated, or its rate is 0. Lower '
    'meta_optimizer.lr, or bring losses of more than about 100 down')
NOT_FALLING = (
    'the meta objective does not fall: {first:.4g} in the first, {last:.4g} '
    'in the last {updates} iterations. If the training losses fall, the model '
    'overfits or the task weights are not right; compare with '
    "meltr=dict(type='PlainSum') and type='PrimaryOnly' "
    '(tools/benchmark/study.py does)')


@HOOKS.register_module()
class MELTRHealthHook(Hook):
    """Say once, in one sentence with a remedy, what looks wrong.

    Looked for are: a primary loss whose weight stays negative, weights that
    are all near zero, weights that meta steps do not move, and a meta
    objective that does not fall.

    Args:
        patience (int): Iterations that something must last. The meta
            objective is judged by the first and the last ``patience`` of
            ten times as many. Defaults to 100.
        interval (int): Iterations between two looks. Defaults to 10.
    """

    priority = 'LOW'

    def __init__(self, patience: int = 100, interval: int = 10) -> None:
        check_whole('patience', patience)
        check_whole('interval', interval)
        self.patience = patience
        self.interval = interval
        self._lasting: Dict[str, int] = {}
        self._objective: List[float] = []
        self._before: Optional[tuple] = None

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Look at the weights that were just logged."""
        if (runner.iter + 1) % self.interval:
            return
        model = unwrapped(runner.model)
        if not isinstance(model, MELTRWrapper) or not outputs:
            return
        weights = {name: float(outputs[f'weight/{name}'])
                   for name in model.losses if f'weight/{name}' in outputs}
        if not weights:
            return
        self._look(NEGATIVE, weights[model.primary] < 0,
                   primary=model.primary)
        self._look(VANISHED, all(abs(w) < TINY for w in weights.values()),
                   tiny=TINY)
        steps = getattr(runner.optim_wrapper, 'meta_steps', 0)
        if not steps:
            return
        before, self._before = self._before, (steps, weights)
        if before is not None and before[0] < steps:
            self._look(STUCK, before[1] == weights)
        self._look_at_objective(runner)

    def _look(self, sentence: str, wrong: bool, **values: Any) -> None:
        lasted = self._lasting.get(sentence, 0)
        if lasted >= self.patience:
            return  # it was said
        lasted = lasted + self.interval if wrong else 0
        self._lasting[sentence] = lasted
        if lasted >= self.patience:
            _say(sentence, updates=lasted, **values)

    def _look_at_objective(self, runner: Runner) -> None:
        scalar = runner.message_hub.log_scalars.get('train/meta_objective')
        if scalar is None:
            return
        self._objective.append(float(scalar.current()))
        window = max(self.patience // self.interval, 1)
        if len(self._objective) < 10 * window:
            return
        first = sum(self._objective[:window]) / window
        last = sum(self._objective[-window:]) / window
        if last >= first and NOT_FALLING not in self._lasting:
            self._lasting[NOT_FALLING] = self.patience
            _say(NOT_FALLING, first=first, last=last, updates=self.patience)
        self._objective = self._objective[:window]


def _say(sentence: str, **values: Any) -> None:
    print_log(sentence.format(**values), 'current', logging.WARNING)
