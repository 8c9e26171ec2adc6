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
import json
import multiprocessing
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

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
    config: Optional[str] = None
    metric: Optional[str] = None

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
    if job.config is not None:
        cfg = Config.fromfile(job.config)
        metric, higher = tasks.metric_of(cfg, job.metric)
    else:
        task = tasks.find(job.task)
        cfg = task.config(job.world_seed, Path(job.out))
        metric, higher = task.metric, task.higher_is_better
    methods.apply(cfg, job.method)
    if job.config is None:
        tasks.remember_samples(cfg)
    done = running.run(cfg, job.seed, metric)
    return write(job, metric, higher, done)


def write(job: Job, metric: str, higher_is_better: bool,
          done: dict) -> dict:
    """Write the file of a run, whole or not at all.

    Args:
        job (Job): The run.
        metric (str): What was measured.
        higher_is_better (bool): Its direction.
        done (dict): ``value``, ``updates``, ``seconds`` and ``weights``.

    Returns:
        dict: What the file holds.
    """
    result = dict(
        task=job.task, method=job.method, seed=job.seed,
        world_seed=job.world_seed, metric=metric,
        higher_is_better=higher_is_better, **done)
    partial = job.file.with_suffix(f'.{os.getpid()}')
    partial.write_text(json.dumps(result) + '\n')
    partial.replace(job.file)
    return result


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
    return [write(job, 'accuracy', True, result)
            for job, result in zip(jobs, done)]


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


def run(jobs: List[Job], processes: int) -> None:
    """Make all runs that have no result yet, and report each.

    Args:
        jobs (list[Job]): The runs.
        processes (int): How many run at a time.
    """
    waiting = [job for job in jobs if not job.file.exists()]
    print(f'{len(jobs)} runs, {len(jobs) - len(waiting)} of them done before',
          flush=True)
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
        for future in as_completed(
                [pool.submit(train_group, group) for group in groups]):
            report(future.result())


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
    make.add_argument('--seeds', nargs='+', type=int, default=[0])
    make.add_argument('--world-seed', nargs='+', type=int, default=[0],
                      help='seed of the generated data')
    make.add_argument('--jobs', type=int, default=1,
                      help='runs at a time, one core each')
    show = commands.add_parser('table', help='compare the methods')
    draw = commands.add_parser('plot', help='draw the methods')
    for command in (show, draw):
        command.add_argument('dir', help='folder of the results, or a file '
                             'with one of them per line')
        command.add_argument('--tasks', nargs='+', help='defaults to all')
        command.add_argument('--methods', nargs='+', help='defaults to all')
        command.add_argument('--seeds', nargs='+', type=int)
        command.add_argument('--world-seed', nargs='+', type=int)
    show.add_argument('--json', action='store_true')
    show.add_argument('--brief', action='store_true', help='a row per task: '
                      'mean ± standard deviation (worst run) of each method')
    draw.add_argument('--out', help='defaults to study.png in the folder')
    args = parser.parse_args(argv)
    if args.command == 'run':
        try:
            for method in args.methods:
                methods.parse(method)
            for task in args.tasks or []:
                tasks.find(task)
        except ValueError as error:
            parser.error(str(error))
    return args


def main(argv: Optional[List[str]] = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    if args.command == 'run':
        Path(args.out).mkdir(parents=True, exist_ok=True)
        names = args.tasks or [Path(args.config).stem]
        # Task by task, as a process remembers the samples; all methods of a
        # seed together, so that the table can be read on the way.
        run([Job(task, method, seed, world, args.out, args.config,
                 args.metric)
             for task in names for world in args.world_seed
             for seed in args.seeds for method in args.methods], args.jobs)
        return
    found = results.read(args.dir, args.tasks, args.methods, args.seeds,
                         args.world_seed)
    rows = results.compare(found)
    if args.command == 'plot':
        folder = Path(args.dir)
        folder = folder.parent if folder.is_file() else folder
        print(results.plot(rows, args.out or str(folder / 'study.png')))
    elif args.json:
        print(json.dumps(rows, indent=1))
    else:
        form = results.brief_table if args.brief else results.table
        print(form(rows))


if __name__ == '__main__':
    main()
