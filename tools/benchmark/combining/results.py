"""Results of a study: read, compared, shown."""
import json
import re
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
from scipy.stats import wilcoxon

BASELINES = ('primary', 'sum')
KEYS = ('task', 'method', 'seed', 'world_seed', 'metric', 'value',
        'higher_is_better', 'seconds')


def file_name(task: str, method: str, world_seed: int, seed: int) -> str:
    """Where the result of a run is, within the folder of the study.

    Args:
        task (str): Name of the task.
        method (str): The method, with its options.
        world_seed (int): Seed of the data.
        seed (int): Seed of the run.

    Returns:
        str: A file name.
    """
    method = re.sub(r'[^\w.=,+-]', '+', method)
    return f'{task}--{method}--w{world_seed}--s{seed}.json'


def read(folder: str,
         tasks: Optional[Sequence[str]] = None,
         methods: Optional[Sequence[str]] = None,
         seeds: Optional[Sequence[int]] = None,
         worlds: Optional[Sequence[int]] = None) -> List[dict]:
    """Read the results of a folder, or of one file with a result per line.

    Args:
        folder (str): The folder or file.
        tasks (Sequence[str], optional): Only these. Defaults to all.
        methods (Sequence[str], optional): Likewise.
        seeds (Sequence[int], optional): Likewise.
        worlds (Sequence[int], optional): Likewise.

    Returns:
        list[dict]: One per run.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If none is of what is wanted, or a file is broken.
    """
    wanted = dict(task=tasks, method=methods, seed=seeds, world_seed=worlds)
    path = Path(folder)
    files = [path] if path.is_file() else sorted(
        path.rglob('*--*--w*--s*.json'))
    everything = [result for file in files for result in read_file(file)]
    found = [result for result in everything
             if all(values is None or result[key] in values
                    for key, values in wanted.items())]
    if not everything:
        raise FileNotFoundError(f'there are no results in {folder}; '
                                '`study.py run --out` writes them')
    for result in found:
        if result['value'] is None:
            raise ValueError(
                f'the test of {result["task"]} has no {result["metric"]}, '
                f'but {sorted(result["metrics"])}: give one of them as '
                '--metric of the same `study.py run`')
    if not found:
        there = '; '.join(
            f'{key} {", ".join(sorted({str(r[key]) for r in everything}))}'
            for key in wanted)
        raise ValueError(f'no result in {folder} is of what was asked for; '
                         f'there are {there}')
    return found


def read_file(file: Path) -> List[dict]:
    """Read the results of one file, one per line.

    Args:
        file (Path): The file.

    Returns:
        list[dict]: What :func:`compare` needs, and more.

    Raises:
        ValueError: If a line is no result.
    """
    rows = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            missing = [key for key in KEYS if key not in row]
        except (ValueError, TypeError):
            missing = KEYS
        if missing:
            raise ValueError(
                f'{file}, line {number}: this is no result of a run (without '
                f'{", ".join(missing)}); delete it, and `study.py run` will '
                'make the run again')
        rows.append(row)
    if not rows:
        raise ValueError(f'{file} is empty; delete it, and `study.py run` '
                         'will make the run again')
    return rows


def compare(found: List[dict]) -> List[dict]:
    """Summarise each method on each task.

    Differences from a baseline are paired by world and seed, tested with
    Wilcoxon's signed-rank test (two-sided), and the p-values of a method,
    against both baselines on all its tasks, corrected by Holm's method: what
    other methods are shown beside it does not change them.

    Args:
        found (list[dict]): Results of runs.

    Returns:
        list[dict]: One row per task and method: ``task``, ``method``,
        ``metric``, ``higher_is_better``, ``runs``, ``mean``, ``error`` (of
        the mean), ``spread`` (standard deviation; both None for one run),
        ``worst``, ``seconds``,
        and per baseline the mean difference ``gain_over_<baseline>``
        (positive is better) and ``p_<baseline>``.
    """
    cells: Dict[tuple, Dict[tuple, dict]] = {}
    for result in found:
        cell = cells.setdefault((result['task'], result['method']), {})
        cell[result['world_seed'], result['seed']] = result
    rows = []
    for (task, method), cell in cells.items():
        values = np.array([result['value'] for result in cell.values()])
        one = next(iter(cell.values()))
        sign = 1 if one['higher_is_better'] else -1
        spread = float(values.std(ddof=1)) if len(values) > 1 else None
        row = dict(
            task=task, method=method, metric=one['metric'],
            higher_is_better=one['higher_is_better'], runs=len(values),
            mean=float(values.mean()), spread=spread,
            error=spread and spread / len(values)**0.5,
            worst=float(sign * (sign * values).min()),
            seconds=float(np.mean([r['seconds'] for r in cell.values()])))
        for baseline in BASELINES:
            other = cells.get((task, baseline), {})
            gains = np.array([
                sign * (cell[key]['value'] - other[key]['value'])
                for key in cell if key in other])
            if method == baseline or not len(gains):
                continue
            row[f'gain_over_{baseline}'] = float(gains.mean())
            row[f'p_{baseline}'] = float(
                wilcoxon(gains).pvalue) if gains.any() else 1.
        rows.append(row)
    for method in {row['method'] for row in rows}:
        _correct([(row, f'p_{baseline}') for row in rows
                  for baseline in BASELINES
                  if row['method'] == method and f'p_{baseline}' in row])
    return rows


def _correct(family: List[Tuple[dict, str]]) -> None:
    """Holm's correction, in place."""
    largest = 0.
    for rank, (row, key) in enumerate(
            sorted(family, key=lambda item: item[0][item[1]])):
        largest = max(largest, min(1., (len(family) - rank) * row[key]))
        row[key] = largest


def _ordered(rows: List[dict]) -> List[dict]:
    order = {name: i for i, name in enumerate((*BASELINES, 'meltr'))}
    return sorted(rows, key=lambda row: (
        row['task'], order.get(row['method'], 9), row['method']))


def _number(value: Optional[float]) -> str:
    return '?' if value is None else f'{value:.2f}'


def _probability(p: float) -> str:
    return '<0.001' if p < 0.001 else f'{p:.3f}'


def table(rows: List[dict]) -> str:
    """Show the rows.

    Args:
        rows (list[dict]): See :func:`compare`.

    Returns:
        str: A Markdown table.
    """
    lines = [
        '| task | method | runs | mean ± error | spread | worst | '
        'over primary (p) | over sum (p) | s |', '|---' * 9 + '|']
    for row in _ordered(rows):
        gains = []
        for baseline in BASELINES:
            gain = row.get(f'gain_over_{baseline}')
            gains.append('' if gain is None else
                         f"{gain:+.2f} ({_probability(row[f'p_{baseline}'])})")
        better = 'higher' if row['higher_is_better'] else 'lower'
        lines.append(
            f"| {row['task']}, {row['metric']} ({better} is better) | "
            f"{row['method']} | {row['runs']} | {row['mean']:.2f} ± "
            f"{_number(row['error'])} | {_number(row['spread'])} | "
            f"{row['worst']:.2f} "
            f"| {gains[0]} | {gains[1]} | {row['seconds']:.0f} |")
    return '\n'.join(lines)


def brief_table(rows: List[dict]) -> str:
    """Show one row per task and one column per method, or the other way.

    Args:
        rows (list[dict]): See :func:`compare`.

    Returns:
        str: A Markdown table of means, spreads and worst runs. The fewer of
        the two are its columns.
    """
    rows = _ordered(rows)
    methods = list(dict.fromkeys(row['method'] for row in rows))
    tasks = list(dict.fromkeys(row['task'] for row in rows))
    cells = {(row['task'], row['method']): row for row in rows}

    def text(task: str, method: str) -> str:
        row = cells.get((task, method))
        return '' if row is None else (
            f"{row['mean']:.2f} ± {_number(row['spread'])} "
            f"({row['worst']:.2f})")

    def runs(name: str) -> str:
        counts = sorted({row['runs'] for row in rows
                         if name in (row['task'], row['method'])})
        return ' to '.join(map(str, counts[::len(counts) - 1 or 1]))

    def metric(task: str) -> str:
        row = next(row for row in rows if row['task'] == task)
        return row['metric'] + (
            '' if row['higher_is_better'] else ' (lower is better)')

    if len(methods) > len(tasks):
        lines = [['method', 'runs', *(
            f'{task}, {metric(task)}' for task in tasks)]]
        lines += [[method, runs(method), *(
            text(task, method) for task in tasks)] for method in methods]
    else:
        lines = [['task', 'metric', 'runs', *methods]]
        lines += [[task, metric(task), runs(task), *(
            text(task, method) for method in methods)] for task in tasks]
    texts = [f'| {" | ".join(line)} |' for line in lines]
    texts.insert(1, '|---' * len(lines[0]) + '|')
    return '\n'.join(texts)


def plot(rows: List[dict], out: str) -> str:
    """Draw the rows: one panel per task, one bar of error per method.

    Args:
        rows (list[dict]): See :func:`compare`.
        out (str): The image file.

    Returns:
        str: The file.
    """
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    tasks = sorted({row['task'] for row in rows})
    columns = min(3, len(tasks))
    lines = -(-len(tasks) // columns)
    tallest = max(sum(row['task'] == task for row in rows) for task in tasks)
    figure, axes = plt.subplots(
        lines, columns, squeeze=False, layout='constrained',
        figsize=(4.2 * columns, (0.9 + 0.24 * tallest) * lines))
    for axis in axes.flat[len(tasks):]:
        axis.set_visible(False)
    for task, axis in zip(tasks, axes.flat):
        shown = _ordered([row for row in rows if row['task'] == task])[::-1]
        for place, row in enumerate(shown):
            baseline = row['method'] in BASELINES
            colour = 'tab:blue' if row['method'] == 'meltr' else \
                'black' if baseline else 'tab:grey'
            axis.errorbar(row['mean'], place, xerr=row['error'] or 0., fmt='o',
                          color=colour, markersize=4)
            axis.plot(row['worst'], place, 'x', color=colour, markersize=4)
            if baseline:
                axis.axvline(row['mean'], color='black', linewidth=0.7,
                             linestyle='-' if row['method'] == 'sum'
                             else ':')
        axis.set_yticks(range(len(shown)),
                        [row['method'] for row in shown], fontsize=7)
        better = 'right' if shown[0]['higher_is_better'] else 'left'
        axis.set_title(f"{task}\n{shown[0]['metric']}, better to the "
                       f'{better}', fontsize=8)
        axis.tick_params(axis='x', labelsize=7)
    figure.savefig(out, dpi=150)
    plt.close(figure)
    return str(out)
