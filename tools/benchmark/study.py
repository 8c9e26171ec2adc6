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
from typing import List, NamedTuple, Optional

import torch
from mmengine.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parent))
from combining import methods, results, running, tasks  # noqa: E402

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
    result = dict(
        task=job.task, method=job.method, seed=job.seed,
        world_seed=job.world_seed, metric=metric,
        value=done.pop('value'), higher_is_better=higher, **done)
    partial = job.file.with_suffix(f'.{os.getpid()}')
    partial.write_text(json.dumps(result) + '\n')
    partial.replace(job.file)
    return result


def run(jobs: List[Job], processes: int) -> None:
    """Make all runs that have no result yet, and report each.

    Args:
        jobs (list[Job]): The runs.
        processes (int): How many run at a time.
    """
    waiting = [job for job in jobs if not job.file.exists()]
    print(f'{len(jobs)} runs, {len(jobs) - len(waiting)} of them done before',
          flush=True)
    start = time.time()

    def report(count: int, result: dict) -> None:
        passed = time.time() - start
        left = passed / count * (len(waiting) - count) / 60
        print(f"[{count}/{len(waiting)}] {result['task']} "
              f"{result['method']} world {result['world_seed']} seed "
              f"{result['seed']}: {result['metric']} {result['value']:.2f} "
              f"({result['seconds']:.0f} s; {left:.0f} minutes left)",
              flush=True)

    if processes == 1:
        for count, job in enumerate(waiting, 1):
            if not job.file.exists():  # another study may have made it
                report(count, train(job))
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(processes, context) as pool:
        futures = [pool.submit(train, job) for job in waiting]
        for count, future in enumerate(as_completed(futures), 1):
            report(count, future.result())


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
        command.add_argument('dir', help='folder of the results')
        command.add_argument('--tasks', nargs='+', help='defaults to all')
        command.add_argument('--methods', nargs='+', help='defaults to all')
        command.add_argument('--seeds', nargs='+', type=int)
        command.add_argument('--world-seed', nargs='+', type=int)
    show.add_argument('--json', action='store_true')
    draw.add_argument('--out', help='defaults to DIR/study.png')
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
        print(results.plot(rows, args.out or f'{args.dir}/study.png'))
    elif args.json:
        print(json.dumps(rows, indent=1))
    else:
        print(results.table(rows))


if __name__ == '__main__':
    main()
