"""What a run has logged: weights and losses of the tasks, and metrics."""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np

WEIGHT = 'weight/'
TOTAL = 'loss'  # how MMEngine logs what is trained, here M
# Iterations at which the run was evaluated, in the runtime information of
# the message hub, which itself keeps no iterations.
EVALUATED_AT = 'evaluated_at'
_TIMES = ('data_time', 'time')
_BASELINE = re.compile(r'(?:.*_)?(?:chance|majority)(_\w+)?$')


@dataclass
class Curve:
    """One quantity over a run.

    Attributes:
        steps (np.ndarray): Iterations, counted from 1, rising, (N,).
        values (np.ndarray): (N,), float.
    """

    steps: np.ndarray
    values: np.ndarray


@dataclass
class RunHistory:
    """What is drawn of a run.

    Attributes:
        weights (dict[str, Curve]): dM/dl of each task, in MELTR's order.
        losses (dict[str, Curve]): The loss of each task, likewise.
        total (Curve, optional): M, the loss that is trained.
        metrics (dict[str, Curve]): Results on validation data.
        averaged (int): Iterations that a logged value is the mean of.
    """

    weights: Dict[str, Curve]
    losses: Dict[str, Curve]
    total: Optional[Curve] = None
    metrics: Dict[str, Curve] = field(default_factory=dict)
    averaged: int = 1

    def metric(self, wanted: Optional[str] = None) -> Optional[str]:
        """Name the metric that a picture shows.

        Args:
            wanted (str, optional): Such as the ``save_best`` of a config.

        Returns:
            str, optional: ``wanted`` if it was logged, else the first that
            was; None if there are no metrics.
        """
        return wanted if wanted in self.metrics else next(
            iter(self.metrics), None)


def baselines_of(metric: str, names: Iterable[str]) -> List[str]:
    """Find the metrics that say what the scores of another are worth.

    Args:
        metric (str): Such as 'qa/accuracy'.
        names (Iterable[str]): Of all metrics.

    Returns:
        list[str]: Those of its group that are a baseline for it: 'qa/chance'
        for it, 'sentiment/majority_has0' for 'sentiment/Acc-2_has0' only.
    """
    group, _, own = metric.rpartition('/')
    found = []
    for name in names:
        other_group, _, other = name.rpartition('/')
        match = _BASELINE.match(other)
        if group == other_group and match and own != other and (
                not match[1] or
                own.lower().startswith('acc') and own.endswith(match[1])):
            found.append(name)
    return found


def best_metric(cfg: Mapping[str, Any]) -> Optional[str]:
    """Name the metric by which a config chooses the best checkpoint.

    Args:
        cfg (Mapping): A whole config.

    Returns:
        str, optional: The first ``save_best`` of the checkpoint hook, or
        None if there is none, or ``'auto'``.
    """
    hooks = cfg.get('default_hooks') or {}
    wanted = (hooks.get('checkpoint') or {}).get('save_best')
    if isinstance(wanted, (list, tuple)):
        wanted = wanted[0] if wanted else None
    return None if wanted == 'auto' else wanted


def history_of_hub(scalars: Mapping[str, Any],
                   evaluated_at: Sequence[int] = ()) -> RunHistory:
    """Read the message hub of a run, which has every iteration.

    Args:
        scalars (Mapping): ``message_hub.log_scalars``.
        evaluated_at (Sequence[int]): Iteration of each evaluation. Defaults
            to none known: evaluations are then evenly spread over the run.

    Returns:
        RunHistory: Without tasks if the model has no MELTR.
    """
    train = {
        name[len('train/'):]: buffer.data[0]
        for name, buffer in scalars.items() if name.startswith('train/')
    }
    tasks = [name[len(WEIGHT):] for name in train
             if name.startswith(WEIGHT)]
    metrics = {
        name[len('val/'):]: buffer.data[0]
        for name, buffer in scalars.items() if name.startswith('val/')
    }
    length = len(train.get(TOTAL, ()))
    return RunHistory(
        weights={task: _every_step(train[WEIGHT + task]) for task in tasks},
        losses={task: _every_step(train[task]) for task in tasks},
        total=_every_step(train[TOTAL]) if TOTAL in train else None,
        metrics={
            name: _at_evaluations(values, evaluated_at, length)
            for name, values in metrics.items() if name not in _TIMES
        })


def history_of_checkpoint(checkpoint: Mapping[str, Any],
                          path: str) -> RunHistory:
    """Read the history that MMEngine puts into a checkpoint.

    Args:
        checkpoint (Mapping): The loaded file.
        path (str): Its name, for messages.

    Returns:
        RunHistory: Up to the checkpoint.

    Raises:
        ValueError: If it has no history, or none of MELTR.
    """
    hub = checkpoint.get('message_hub')
    if hub is None:
        raise ValueError(
            f'{path}: a checkpoint must have the history of its run to draw '
            'it, but this one has none: it was converted or exported. Give '
            'the folder of the run, or a checkpoint that it has written')
    history = history_of_hub(hub['log_scalars'],
                             hub['runtime_info'].get(EVALUATED_AT, ()))
    return _with_tasks(history, path)


def history_of_logs(paths: Sequence[Path]) -> RunHistory:
    """Read the scalars that MMEngine writes beside its log.

    A resumed run has a file for each start; where two have the same
    iteration, the later start counts.

    Args:
        paths (Sequence[Path]): ``scalars.json`` of each start, in order.

    Returns:
        RunHistory: Values as they were logged: means over a window.

    Raises:
        ValueError: If a line is no JSON (but for a last line that was cut
            short), or MELTR is in none of them.
    """
    train: List[Tuple[int, dict]] = []
    evaluations: List[Tuple[int, dict]] = []
    for path in paths:
        rows = _json_lines(path)
        # Only the lines of training say which iteration it is.
        first = next((row['step'] for row in rows if 'iter' in row), None)
        # A run that only evaluates has no place on the axis.
        if first is None:
            continue
        train = [item for item in train if item[0] < first]
        evaluations = [item for item in evaluations if item[0] < first]
        for row in rows:
            if 'iter' in row:
                train.append((row['step'], row))
            # One that a resumed run makes up for stands where it goes on.
            elif train:
                evaluations.append((train[-1][0], row))
    names = dict.fromkeys(name for _, row in train for name in row)
    tasks = [name[len(WEIGHT):] for name in names
             if name.startswith(WEIGHT)]
    metrics = dict.fromkeys(
        name for _, row in evaluations for name, value in row.items()
        if name not in ('step', *_TIMES) and isinstance(value, (int, float)))
    history = RunHistory(
        weights={task: _logged(train, WEIGHT + task) for task in tasks},
        losses={task: _logged(train, task) for task in tasks},
        total=_logged(train, TOTAL) if TOTAL in names else None,
        metrics={name: _logged(evaluations, name) for name in metrics},
        averaged=_spacing(train))
    return _with_tasks(history, ', '.join(map(str, paths)))


def _with_tasks(history: RunHistory, where: str) -> RunHistory:
    if not history.weights:
        raise ValueError(
            f'{where}: there must be weights of tasks (weight/<loss>), but '
            'there are none: the run has not come to its first log entry, or '
            'its model is no MELTRWrapper')
    return history


def _every_step(values: np.ndarray) -> Curve:
    values = np.asarray(values, dtype=float)
    return Curve(np.arange(1, len(values) + 1), values)


def _at_evaluations(values: np.ndarray, evaluated_at: Sequence[int],
                    length: int) -> Curve:
    count = len(values)
    steps = np.asarray(evaluated_at[:count])
    if len(steps) < count:
        steps = np.linspace(length / max(count, 1), length, count)
    return Curve(steps, np.asarray(values, dtype=float))


def _logged(rows: List[Tuple[int, dict]], name: str) -> Curve:
    found = [(step, row[name]) for step, row in rows if name in row]
    steps, values = zip(*found)
    return Curve(np.array(steps), np.array(values, dtype=float))


def _spacing(rows: List[Tuple[int, dict]]) -> int:
    steps = np.array([step for step, _ in rows])
    return int(np.median(np.diff(steps))) if len(steps) > 1 else 1


def _json_lines(path: Path) -> List[dict]:
    lines = Path(path).read_text().splitlines()
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise ValueError(
                    f'{path}, line {number}: must be JSON as MMEngine writes '
                    f'it, but is not ({error}). Remove the line') from None
    return rows
