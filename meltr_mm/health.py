"""What would waste a run, said in its log while there is time."""
import logging
from typing import Any, Dict, Iterator, List, Optional, Union

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from .check_options import check_whole
from .meltr.wrapper import MELTRWrapper, unwrapped

TINY = 1e-3
# Of the largest weight: what rounding does.
STILL = 1e-6
# Losses of the three models that compare texts with videos, or hide words.
OF_TEXTS = ('loss_joint', 'loss_m_joint', 'loss_alignment', 'loss_m_align',
            'loss_mlm', 'loss_mtm', 'loss_vtm', 'loss_itc', 'loss_itm',
            'loss_wpa')
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
    'steps were taken: MELTR is saturated, or its rate is 0. Set '
    'meltr=dict(normalise=True), lower meta_optimizer.lr, or bring losses of '
    'more than about 100 down (scale_losses=True)')
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
            moved = max(abs(weights[name] - before[1][name])
                        for name in weights)
            self._look(STUCK, moved <= STILL * max(
                abs(weight) for weight in weights.values()))
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


@HOOKS.register_module()
class RunWarningsHook(Hook):
    """Warn of random weights and of texts that tell nothing.

    Before training: if the config is made for a checkpoint and none was
    given. While it trains, once: if all texts of a batch are the same (as
    the transcripts of UniVL's public files are), so that no loss that
    compares texts, or hides their words, can fall.

    Args:
        starts_from (str, optional): What the config is made to start from.
            None: random weights are meant. Defaults to None.
    """

    def __init__(self, starts_from: Optional[str] = None) -> None:
        self.starts_from = starts_from
        self._said = False

    def before_train(self, runner: Runner) -> None:
        """Look whether the model has weights."""
        if self.starts_from and not runner.iter and not _has_weights(
                runner.cfg):
            runner.logger.warning(
                'Training starts from random weights, but this config is made '
                f'for {self.starts_from}: give it as --cfg-options '
                'load_from=FILE. The first lines of the config say where it '
                'comes from, docs/get_started.md how it is converted.')

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Look whether the texts of the batch differ."""
        if self._said or not isinstance(data_batch, dict):
            return
        texts = [sample.text_ids
                 for sample in data_batch.get('data_samples') or ()
                 if 'text_ids' in sample]
        if len(texts) > 1 and all(
                torch.equal(texts[0], text) for text in texts[1:]):
            self._said = True
            said = f'All {len(texts)} texts of this batch are the same.'
            losses = runner.cfg.get('model', {}).get('losses')
            if losses and not set(losses) & set(OF_TEXTS):
                runner.logger.warning(
                    f'{said} No loss of this run compares texts or hides '
                    'their words, so that none is spoilt; but what the model '
                    'reads tells it nothing.')
                return
            runner.logger.warning(
                f'{said} Losses that compare texts with videos cannot fall '
                'then (joint, alignment, matching), and those of hidden words '
                'teach nothing: leave them out of model.losses, or use '
                'annotations that have texts.')


def _has_weights(cfg: Any) -> bool:
    """Whether a config names weights, of the whole model or of a part."""
    return bool(cfg.get('load_from') or cfg.get('resume')) or any(
        value and key.startswith('pretrained') or
        key == 'type' and value in ('Pretrained', 'PretrainedInit')
        for key, value in _items(cfg.get('model', {})))


def _items(node: Union[dict, list, tuple]) -> Iterator[tuple]:
    if isinstance(node, dict):
        yield from node.items()
        node = list(node.values())
    for value in node:
        if isinstance(value, (dict, list, tuple)):
            yield from _items(value)
