"""Which way of combining losses is best: on toy tasks, or on your own config.

    python tools/benchmark/study.py run --out DIR --tasks meltr_univl_mosi
        --methods primary sum meltr --seeds 0 1 2
    python tools/benchmark/study.py run --out DIR --config CONFIG.py
        --metric qa/accuracy --methods primary sum meltr --seeds 0 1 2
    python tools/benchmark/study.py table DIR [--json]
    python tools/benchmark/study.py plot DIR

`run` trains each method with each seed and writes one JSON file per run with
the test metric of the final weights; runs whose file is there are skipped, so
that it can be stopped and started again. `table` compares the methods, `plot`
draws them. What the tasks are stands in docs/does_it_help.md.
"""
import argparse
import copy
import json
import multiprocessing
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

import torch
from mmengine.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parent))
from combining import (  # noqa: E402
    methods,
    results,
    running,
    stress,
    stress_many,
    tasks,
)

import meltr_mm  # noqa: E402, F401


class Job(NamedTuple):
    """One run, and where its result goes."""
    task: str
    method: str
    seed: int
    world_seed: int
    out: str
    metric: str
    higher_is_better: bool
    config: Optional[str] = None

    @property
    def file(self) -> Path:
        """Path: The file of the result."""
        return Path(self.out) / results.file_name(
            self.task, self.method, self.world_seed, self.seed)


def train(job: Job) -> dict:
    """Make one run and write its file.

    Args:
        job (Job): The run.

    Returns:
        dict: What the file holds.
    """
    warnings.filterwarnings('ignore')
    torch.set_num_threads(1)
    cfg = Config.fromfile(job.config) if job.config is not None else \
        tasks.find(job.task).config(job.world_seed, Path(job.out))
    methods.apply(cfg, job.method)
    if job.config is None:
        tasks.remember_samples(cfg)
    return write(job, running.run(cfg, job.seed))


def write(job: Job, done: dict) -> dict:
    """Write the file of a run, whole or not at all.

    Args:
        job (Job): The run.
        done (dict): ``metrics``, ``updates``, ``seconds`` and ``weights``.

    Returns:
        dict: What the file holds.

    Raises:
        SystemExit: If the metric is none of those. The file is written, so
            that the same command with another metric need not train again.
    """
    result = dict(
        task=job.task, method=job.method, seed=job.seed,
        world_seed=job.world_seed, metric=job.metric,
        higher_is_better=job.higher_is_better,
        value=done['metrics'].get(job.metric), **done)
    if job.config is not None:
        result['config'] = job.config
    partial = job.file.with_suffix(f'.{os.getpid()}')
    partial.write_text(json.dumps(result) + '\n')
    partial.replace(job.file)
    if result['value'] is None:
        raise SystemExit(
            f'{job.metric!r} is none of the metrics of the test, '
            f'{sorted(done["metrics"])}. The run is kept: give one of these '
            'as --metric, and the rest of the command as it was')
    return result


def finished(job: Job) -> bool:
    """Whether the result of a run is there, and is that of this run.

    Args:
        job (Job): The run.

    Returns:
        bool: Whether nothing is left to train. If the file has another
        metric or direction, it is written anew with what is asked for.

    Raises:
        ValueError: If the file is broken, is of another config, or does not
            know the metric.
    """
    if not job.file.exists():
        return False
    result, = results.read_file(job.file)
    if result.get('config') != job.config:
        raise ValueError(f'{job.file} is of {result.get("config")}, not of '
                         f'{job.config}; give another --out')
    if (result['metric'], result['higher_is_better']) != (
            job.metric, job.higher_is_better):
        if job.metric not in result.get('metrics', ()):
            raise ValueError(
                f'{job.file} has no {job.metric}, but '
                f'{sorted(result.get("metrics", [result["metric"]]))}')
        write(job, {key: result[key] for key in (
            'metrics', 'updates', 'seconds', 'weights')})
    return True


def train_many(jobs: List[Job]) -> List[dict]:
    """Make the runs of a stress test with one method, all at once.

    Args:
        jobs (list[Job]): They differ in their seeds only.

    Returns:
        list[dict]: What the files hold.
    """
    torch.set_num_threads(1)
    done = stress_many.run(
        jobs[0].task, jobs[0].method,
        [(job.world_seed, job.seed) for job in jobs])
    return [write(job, result) for job, result in zip(jobs, done)]


def train_group(jobs: List[Job]) -> List[dict]:
    """Make the runs of a group, see :func:`grouped`.

    Args:
        jobs (list[Job]): The runs.

    Returns:
        list[dict]: What the files hold.
    """
    if at_once(jobs[0]):
        return train_many(jobs)
    return [train(job) for job in jobs if not job.file.exists()]


def at_once(job: Job) -> bool:
    """Whether such runs are made many at a time."""
    return job.task in stress.CELLS and stress_many.supports(job.method)


def grouped(jobs: List[Job]) -> List[List[Job]]:
    """Put runs together that can be made at once.

    Args:
        jobs (list[Job]): All runs.

    Returns:
        list[list[Job]]: Groups of them.
    """
    groups: Dict[tuple, List[Job]] = {}
    for job in jobs:
        key = (job.task, job.method) if at_once(job) else job
        groups.setdefault(key, []).append(job)
    return list(groups.values())


def run(waiting: List[Job], processes: int) -> None:
    """Make runs, and report each.

    Args:
        waiting (list[Job]): The runs, none of which has a result yet.
        processes (int): How many run at a time.
    """
    start, count = time.time(), 0

    def report(done: List[dict]) -> None:
        nonlocal count
        for result in done:
            count += 1
            left = (time.time() - start) / count * (len(waiting) - count)
            print(f"[{count}/{len(waiting)}] {result['task']} "
                  f"{result['method']} world {result['world_seed']} seed "
                  f"{result['seed']}: {result['metric']} "
                  f"{result['value']:.2f} ({result['seconds']:.1f} s; "
                  f'{left / 60:.0f} minutes left)', flush=True)

    groups = grouped(waiting)
    if processes == 1:
        for group in groups:
            report(train_group(group))
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(processes, context) as pool:
        futures = [pool.submit(train_group, group) for group in groups]
        try:
            for future in as_completed(futures):
                report(future.result())
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _at_least(low: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f'must be a whole number, {low} or more, but is {text!r}')
        return int(text)

    return read


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest='command', required=True)
    make = commands.add_parser('run', help='train, one file per run')
    make.add_argument('--out', required=True, help='folder of the results')
    what = make.add_mutually_exclusive_group(required=True)
    what.add_argument('--tasks', nargs='+', metavar='TASK',
                      help=f'of {", ".join(tasks.NAMES)}')
    what.add_argument('--config', help='your own config, with MELTRWrapper')
    make.add_argument('--metric', help='key of the test metrics, for --config '
                      'without save_best; a leading - means lower is better')
    make.add_argument(
        '--methods', nargs='+', default=['primary', 'sum', 'meltr'],
        help=f'of {", ".join(methods.METHODS)}; meltr takes options: '
        f'meltr:start=sum,gamma=0 (of {", ".join(methods.OPTIONS)})')
    make.add_argument('--seeds', nargs='+', type=_at_least(0), default=[0])
    make.add_argument('--world-seed', nargs='+', type=_at_least(0),
                      default=[0], help='seed of the generated data')
    make.add_argument('--jobs', type=_at_least(1), default=1,
                      help='runs at a time, one core each')
    show = commands.add_parser('table', help='compare the methods')
    draw = commands.add_parser('plot', help='draw the methods')
    for command in (show, draw):
        command.add_argument('dir', help='folder of the results, or a file '
                             'with one of them per line')
        command.add_argument('--tasks', nargs='+', help='defaults to all')
        command.add_argument('--methods', nargs='+', help='defaults to all')
        command.add_argument('--seeds', nargs='+', type=_at_least(0))
        command.add_argument('--world-seed', nargs='+', type=_at_least(0))
    show.add_argument('--json', action='store_true')
    show.add_argument('--brief', action='store_true', help='mean ± '
                      'standard deviation (worst run), tasks by methods')
    draw.add_argument('--out', help='defaults to study.png in the folder')
    argv = list(sys.argv[1:] if argv is None else argv)
    for place in range(len(argv) - 1, 0, -1):
        if argv[place - 1] == '--metric':  # or its - would begin an option
            argv[place - 1:place + 1] = [f'--metric={argv[place]}']
    args = parser.parse_args(argv)
    args.error = parser.error
    return args


def make_jobs(args: argparse.Namespace) -> List[Job]:
    """All runs of a command, each tried on its config before any is made.

    Args:
        args (argparse.Namespace): See :func:`parse_args`.

    Returns:
        list[Job]: The runs. Task by task, as a process remembers the
        samples; all methods of a seed together, so that the table can be
        read on the way.

    Raises:
        ValueError: If the command asks for what cannot be.
    """
    for method in args.methods:
        methods.parse(method)
    if args.tasks:
        if args.metric:
            raise ValueError('--metric is of --config; the tasks have theirs')
        found = [tasks.find(name) for name in args.tasks]
        named = [(name, tasks.template(name), task.metric,
                  task.higher_is_better)
                 for name, task in zip(args.tasks, found)]
        config = None
    else:
        if args.world_seed != [0]:
            raise ValueError('--world-seed is of the tasks, whose data are '
                             'generated; --config has its own')
        config = str(Path(args.config).resolve())
        cfg = Config.fromfile(config)
        named = [(Path(config).stem, cfg,
                  *tasks.metric_of(cfg, args.metric))]
    for _, cfg, _, _ in named:
        for method in args.methods:
            methods.apply(copy.deepcopy(cfg), method)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    return [Job(name, method, seed, world, args.out, metric, higher, config)
            for name, _, metric, higher in named
            for world in args.world_seed for seed in args.seeds
            for method in args.methods]


def show_results(args: argparse.Namespace) -> None:
    """Print the table, or draw the picture.

    Args:
        args (argparse.Namespace): See :func:`parse_args`.

    Raises:
        ValueError: If a result is broken, or none is of what is asked for.
    """
    found = results.read(args.dir, args.tasks, args.methods, args.seeds,
                         args.world_seed)
    rows = results.compare(found)
    if args.command == 'plot':
        folder = Path(args.dir)
        folder = folder.parent if folder.is_file() else folder
        out = Path(args.out or folder / 'study.png')
        out.parent.mkdir(parents=True, exist_ok=True)
        print(results.plot(rows, str(out)))
    elif args.json:
        print(json.dumps(rows, indent=1))
    else:
        form = results.brief_table if args.brief else results.table
        print(form(rows))


def main(argv: Optional[List[str]] = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    try:
        if args.command != 'run':
            show_results(args)
            return
        jobs = make_jobs(args)
        waiting = [job for job in jobs if not finished(job)]
    except (OSError, ValueError) as error:
        args.error(str(error))
    print(f'{len(jobs)} runs, {len(jobs) - len(waiting)} of them done before',
          flush=True)
    run(waiting, args.jobs)


if __name__ == '__main__':
    main()
