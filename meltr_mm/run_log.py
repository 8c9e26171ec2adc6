"""What a person reads while a model is trained with MELTR.

In place of MMEngine's console output, which begins with the whole config and
has two fields for each loss in every line. The files of a run keep all of it.
"""
import logging
import re
import time
from typing import Any, Dict, List, Optional, Tuple

from mmengine.dist import get_world_size, master_only
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS, LOG_PROCESSORS, RUNNERS
from mmengine.runner import (
    BaseLoop,
    EpochBasedTrainLoop,
    LogProcessor,
    Runner,
)
from torch import nn
from torch.utils.data import DataLoader

from .meltr.wrapper import MELTRWrapper

OTHERS = 4  # losses of a line beside the primary one
WEIGHT = 'weight/'
# How messages begin that are for the log file.
_FOR_THE_FILE = re.compile(
    r'\n-+\nSystem environment:|Config:\n|Hooks will be executed in|'
    r'Distributed training is not used|paramwise_options -- |'
    r'An `\w+` instance is built|Exp name: |'
    r'Checkpoints will be saved to|The best checkpoint with')
_SIGN = (
    'The loss that is trained, M, is what {rule} makes of these losses. It '
    'may be negative, and neither its sign nor its size says how good the '
    'model is: look at {primary} and at the metrics.')


@RUNNERS.register_module()
class BriefRunner(Runner):
    """MMEngine's Runner, whose environment and config go to the log file.

    Example:
        >>> runner_type = 'BriefRunner'
    """

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Build MMEngine's logger; its arguments are passed on."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_for_the_console)
        return logger


def _is_for_the_console(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or \
        not _FOR_THE_FILE.match(record.getMessage())


@LOG_PROCESSORS.register_module()
class TaskLogProcessor(LogProcessor):
    """About ten fields in a line of training, each loss with its weight.

    ``loss_qa (primary): 2.31 x 0.62`` is a loss and dM/dl, its weight. Of
    many losses the primary one and those that count most are shown.
    ``scalars.json`` and the visualisers get every value under MMEngine's
    names. The lines of a model without MELTR stay MMEngine's.
    """

    def get_log_after_iter(self, runner: Runner, batch_idx: int,
                           mode: str) -> Tuple[dict, str]:
        """Make the values to keep, and the line.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch in its loop.
            mode (str): 'train', 'val' or 'test'.

        Returns:
            tuple[dict, str]: As MMEngine's.
        """
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        model = _model(runner)
        if mode != 'train' or not isinstance(model, MELTRWrapper) or \
                self.log_with_hierarchy or 'loss' not in tag:
            return tag, line
        fields = [line[:line.index(']  ') + 1]]
        eta = re.search(r'eta: (.+?)  ', line)
        if eta:
            fields.append(f'time left: {eta[1]}')
            fields.append(_pace(tag['time'], tag['data_time']))
        if 'memory' in tag:
            fields.append(f'memory: {tag["memory"]} MB')
        if 'lr' in tag:
            fields.append(f'lr: {tag["lr"]:.2e}')
        fields.append(f'M: {tag["loss"]:.4g}')
        fields += _loss_fields(tag, model)
        if 'meta_objective' in tag:
            fields.append(f'meta objective: {tag["meta_objective"]:.4g}')
        return tag, '  '.join(fields)


def _model(runner: Runner) -> nn.Module:
    """The model, out of what distributes it, of whatever kind that is."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def _pace(seconds: float, waiting: float) -> str:
    text = f's/iter: {seconds:.2f}'
    if waiting > 0.2 * seconds:
        text += f' ({waiting:.2f} waiting for data)'
    return text


def _loss_fields(tag: Dict[str, Any], model: MELTRWrapper) -> List[str]:
    known = [name for name in model.losses if WEIGHT + name in tag]
    others = [name for name in known if name != model.primary]
    shown = sorted(others, key=lambda name: -abs(
        tag[WEIGHT + name] * tag[name]))[:OTHERS]
    fields = [f'{name}{" (primary)" if name == model.primary else ""}: '
              f'{tag[name]:.4g} x {tag[WEIGHT + name]:.3g}'
              for name in known if name == model.primary or name in shown]
    if len(others) > len(shown):
        fields.append(f'and {len(others) - len(shown)} more')
    return fields


@HOOKS.register_module()
class RunLogHook(Hook):
    """Say what is trained before it starts, and sum up after each epoch.

    The header names model, losses, combiner, data and folder, and how to stop
    and to go on. After an epoch, or in a loop without epochs after an
    evaluation, one line has the primary loss beside that of the epoch
    before, how the weights are shared, and the metric that chooses the best
    checkpoint. Does nothing for a model without MELTR.
    """

    priority = 'LOWEST'  # the best score is known by then

    def __init__(self) -> None:
        self._since: Tuple[int, float] = (0, 0.)
        self._before: Optional[float] = None
        self._line: Optional[str] = None

    def before_train(self, runner: Runner) -> None:
        """Log the header."""
        self._since = runner.iter, time.time()
        self._before = self._line = None
        if isinstance(_model(runner), MELTRWrapper):
            runner.logger.info(_header(runner))

    def before_train_epoch(self, runner: Runner) -> None:
        """Log the line of an epoch that was not evaluated."""
        self._log(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Sum up; it is logged when the metrics are known."""
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            self._line = self._summary(
                runner, f'Epoch {runner.epoch + 1}/{runner.max_epochs}')

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Log the line, with the metric."""
        loop = runner._train_loop
        # Of a run that only evaluates it is none, or a config.
        if isinstance(loop, BaseLoop) and not isinstance(
                loop, EpochBasedTrainLoop):
            self._line = self._summary(
                runner, f'Iteration {runner.iter}/{runner.max_iters}')
        if self._line:
            self._line += _metric(runner, metrics or {})
        self._log(runner)

    def after_train(self, runner: Runner) -> None:
        """Log the last line, if the last epoch was not evaluated."""
        self._log(runner)

    @master_only
    def _log(self, runner: Runner) -> None:
        line, self._line = self._line, None
        if line:
            runner.logger.info(line)

    def _summary(self, runner: Runner, where: str) -> Optional[str]:
        model = _model(runner)
        scalars = runner.message_hub.log_scalars
        (since, start), self._since = self._since, (runner.iter, time.time())
        count = runner.iter - since
        weights = {name: scalars[f'train/{WEIGHT}{name}'].mean(count)
                   for name in getattr(model, 'losses', ())
                   if count and f'train/{WEIGHT}{name}' in scalars}
        if not isinstance(model, MELTRWrapper) or not weights:
            return None
        primary = scalars[f'train/{model.primary}'].mean(count)
        text = f'{where} in {_duration(time.time() - start)}: ' \
            f'{model.primary} {primary:.4g}'
        if self._before is not None:
            text += f' (before: {self._before:.4g})'
        self._before = primary
        total = sum(map(abs, weights.values()))
        if total and len(weights) > 1:
            order = sorted(weights, key=lambda name: -abs(weights[name]))
            shares = ', '.join(f'{name} {round(100 * weights[name] / total)}%'
                               for name in order[:OTHERS + 1])
            text += f'; shares of the weights: {shares}'
            if len(order) > OTHERS + 1:
                text += f' and {len(order) - OTHERS - 1} more'
        steps = getattr(runner.optim_wrapper, 'meta_steps', 0)
        return text + (f'; {steps} meta steps so far' if steps else '')


def _metric(runner: Runner, metrics: Dict[str, float]) -> str:
    from .pictures.run_history import baselines_of, best_metric
    wanted = best_metric(runner.cfg)
    name = wanted if wanted in metrics else next(iter(metrics), None)
    if name is None or not isinstance(metrics[name], (int, float)):
        return ''
    text = f'; validation {name} {metrics[name]:.4g}'
    best = runner.message_hub.runtime_info.get('best_score')
    if name == wanted and isinstance(best, (int, float)):
        text += f' (best: {best:.4g})'
    for baseline in baselines_of(name, metrics):
        text += f', {baseline} {metrics[baseline]:.4g}'
    return text


def _header(runner: Runner) -> str:
    wrapper = _model(runner)
    model, loop, optim = wrapper.model, runner.train_loop, runner.optim_wrapper
    losses = [f'{name} (primary)' if name == wrapper.primary else name
              for name in wrapper.losses]
    rows = dict(
        model=f'{type(model).__name__}, {_count(model)} parameters, on '
        f'{next(model.parameters()).device}; {_start(runner)}',
        losses=', '.join(losses))
    rows['combined by'] = _combiner(wrapper, optim)
    rows['data'] = _data(runner)
    if isinstance(loop, EpochBasedTrainLoop):
        length = f'{loop.max_epochs} epochs of {len(runner.train_dataloader)}'\
            ' iterations'
    else:
        length = f'{runner.max_iters} iterations'
    rows['length'] = length + (
        f', from iteration {runner.iter} on' if runner.iter else '')
    rows['folder'] = f'{runner.work_dir}: checkpoints, pictures and the ' \
        f'config; the log with all values in {runner.log_dir}'
    rows['to stop'] = 'Ctrl-C; the same command with --resume goes on from ' \
        'the last checkpoint'
    width = max(map(len, rows))
    lines = [f'  {name:<{width}}  {text}' for name, text in rows.items()]
    return '\n'.join([
        f'Training {type(model).__name__} with '
        f'{type(wrapper.meltr).__name__}', *lines,
        'A line of the log has each loss times its weight, which is dM/dl. '
        + _SIGN.format(
            rule=type(wrapper.meltr).__name__, primary=wrapper.primary)])


def _start(runner: Runner) -> str:
    source = runner._load_from
    if runner._resume and runner.iter:  # else there was nothing to resume
        return f'resumed from {source}' if source else 'resumed'
    return f'weights of {source}' if source else 'no checkpoint loaded'


def _combiner(wrapper: MELTRWrapper, optim: Any) -> str:
    text = type(wrapper.meltr).__name__
    if not wrapper.needs_meta_steps:
        return text
    text += f' ({_count(wrapper.meltr)} parameters)'
    if not hasattr(optim, 'meta_step'):
        return text
    estimator = optim.estimator
    kind = estimator if isinstance(estimator, str) else 'auto'
    source = f'{optim.history.capacity} earlier batches'
    if optim.held_out is not None:
        source = 'data that are kept out of training'
    every = 'update' if optim.interval == 1 else f'{optim.interval} updates'
    return f'{text}; a meta step every {every} on {source}, ' \
        f'estimator {kind}'


def _data(runner: Runner) -> str:
    loader = runner.train_dataloader
    texts = [f'{_length(loader)} samples for training']
    if getattr(loader, 'batch_size', None):
        texts[0] += f' in batches of {loader.batch_size}'
    if get_world_size() > 1:
        texts[0] += f' on each of {get_world_size()} processes'
    if runner.val_loop is not None:
        texts.append(f'{_length(runner.val_dataloader)} for validation')
    return ', '.join(texts)


def _length(loader: DataLoader) -> str:
    try:
        return str(len(loader.dataset))
    except (AttributeError, TypeError):
        return 'a stream of'


def _count(module: nn.Module) -> str:
    number = sum(p.numel() for p in module.parameters())
    for size, sign in ((1e9, ' G'), (1e6, ' M'), (1e3, ' k')):
        if number >= size:
            return f'{number / size:.3g}{sign}'
    return str(number)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f'{minutes} min {seconds:02d} s' if minutes else f'{seconds} s'
