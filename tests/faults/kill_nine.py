"""Kill training runs with SIGKILL at random moments, resume, compare.

    python tests/faults/kill_nine.py --kills 30 --processes 1
    python tests/faults/kill_nine.py --kills 30 --processes 2
    python tests/faults/kill_nine.py --kills 30 --as-it-is

Each run of a toy config is killed again and again, at a random moment of a
random phase, and resumed until it ends. After each kill it is checked that

* every checkpoint is whole,
* the newest that was saved, or one that was just being finished, is resumed
  from;

and at the end that weights, both optimisers and the whole history of what was
logged are bit for bit those of an undisturbed run. That holds where an epoch
begins with random numbers of its own and an empty batch history, which is all
that a resume does not bring back. With ``--as-it-is`` that is not done, and
the metrics of the killed runs are printed beside those of undisturbed runs
with other seeds.

``--stock-writer`` writes as MMEngine does, into the final file; then it is
counted how many kills left half a checkpoint under its name, and how many
lost an epoch that had been saved.
"""
import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from mmengine.fileio import LocalBackend

import meltr_mm  # noqa: F401  registers everything
from meltr_mm.atomic_checkpoints import (
    AtomicLocalBackend,
    find_whole_checkpoint,
)
from meltr_mm.toyworld import write_cmu_mosi

sys.path.insert(0, str(Path(__file__).parent))
from watched_training import Life, toy_config  # noqa: E402

TARGETS = ('train', 'collect', 'write', 'validate')


class Runs:
    """Runs of one config, with and without faults.

    Args:
        folder (Path): Where everything is written.
        processes (int): Processes of a run.
        epochs (int): Epochs of a run.
        stock_writer (bool): Whether to write as MMEngine does.
        **kwargs: For :func:`toy_config`.
    """

    def __init__(self, folder, processes, epochs, stock_writer=False,
                 **kwargs):
        self.folder = folder
        self.processes = processes
        self.epochs = epochs
        self.stock_writer = stock_writer
        self.kwargs = kwargs
        self.kills = Counter()  # by phase
        self.read = 0  # checkpoints that were loaded
        self.half = 0  # kills that left half a checkpoint
        self.lost = 0  # kills that lost a saved epoch
        write_cmu_mosi(
            str(folder / 'data'), sizes=dict(train=36, val=7, test=4))

    def live(self, name, resume, **kwargs):
        """Start the processes of a run."""
        cfg = toy_config(
            self.folder / 'data', self.folder / name, self.epochs,
            self.processes, **dict(self.kwargs, **kwargs))
        return Life(cfg, self.processes, resume, self.folder / f'{name}.log',
                    write_as_stock if self.stock_writer else None)

    def finish(self, life, name):
        """Wait for a run's end; its last checkpoint."""
        log = self.folder / f'{name}.log'
        assert not any(life.wait()), log.read_text()[-3000:]
        return torch.load(
            find_whole_checkpoint(str(self.folder / name)), weights_only=True)

    def undisturbed(self, name='reference', **kwargs):
        """Train without a fault.

        Returns:
            tuple[dict, dict]: The last checkpoint and the mean seconds that
            a visit of each phase takes.
        """
        life = self.live(name, False, **kwargs)
        last, board = self.finish(life, name), life.boards[0]
        return last, {
            phase: board[f'seconds_{phase}'] / board[f'visits_{phase}']
            for phase in TARGETS
        }

    def killed(self, name, rng, seconds, enough):
        """A run that is killed until it ends, or until it was often enough.

        Returns:
            dict: The last checkpoint.
        """
        expected = None
        while True:
            life, phase = self.live(name, True), None
            if sum(self.kills.values()) < enough:
                phase = kill_once(life, rng, seconds)
            if phase is None:
                last = self.finish(life, name)
            resumed = [int(board['resumed']) for board in life.boards]
            if expected is not None and -1 not in resumed:
                assert resumed == [max(expected, 0)] * self.processes
            if phase is None:
                return last
            self.kills[phase] += 1
            expected = self._check(
                self.folder / name, life.boards[0]['saved'], expected)

    def _check(self, work_dir, saved, expected):
        paths = list(work_dir.glob('*.pth'))
        self.read += len(paths)
        half = [path for path in paths if not loads(path)]
        self.half += bool(half)
        newest = find_whole_checkpoint(str(work_dir))
        epoch = -1 if newest is None else int(newest.split('_')[-1][:-4])
        lost = epoch < max(saved, -1 if expected is None else expected)
        self.lost += lost
        if not self.stock_writer:
            assert not half and not lost, (half, newest, saved, expected)
        return epoch


def write_as_stock():
    AtomicLocalBackend.put = LocalBackend.put


def loads(path):
    try:
        torch.load(path, weights_only=True)
    except Exception:  # half a file can raise anything
        return False
    return True


def kill_once(life, rng, seconds):
    """Kill at a random moment of a random phase.

    Returns:
        str or None: The phase in which it happened; None if the run was over
        before.
    """
    target, visit = rng.choice(TARGETS), rng.choice((1, 1, 2))
    board = life.boards[0]
    while board[f'visits_{target}'] < visit:
        if not life.alive():
            return None
        time.sleep(0.0005)
    time.sleep(rng.random() * seconds[target])
    if not life.alive() or board.phase == 'end':
        return None
    life.kill(rng.randrange(len(life.boards)), rng.random() * 0.05)
    return board.phase


def differences(one, other):
    """Name everything in which two checkpoints differ.

    Left out is what depends on the clock.
    """
    found = []

    def compare(a, b, place):
        if isinstance(a, dict):
            for key in a.keys() | b.keys():
                if key not in a or key not in b:
                    found.append(f'{place}/{key}')
                else:
                    compare(a[key], b[key], f'{place}/{key}')
        elif isinstance(a, (list, tuple)):
            if len(a) != len(b):
                found.append(place)
            for number, (x, y) in enumerate(zip(a, b)):
                compare(x, y, f'{place}/{number}')
        elif isinstance(a, (torch.Tensor, np.ndarray)):
            if a.shape != b.shape or not np.array_equal(
                    np.asarray(a), np.asarray(b), equal_nan=True):
                found.append(place)
        elif a != b:
            found.append(place)

    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        compare(one[part], other[part], part)
    compare(logged(one), logged(other), 'logged')
    return found


def logged(checkpoint):
    """Everything that was logged, but for times."""
    scalars = checkpoint['message_hub']['log_scalars']
    return {name: buffer.data[0] for name, buffer in scalars.items()
            if not name.endswith('time')}


def metrics(checkpoint):
    return {name[len('val/'):]: round(float(values[-1]), 4)
            for name, values in logged(checkpoint).items()
            if name.startswith('val/')}


def campaign(folder, kills, processes, seed=0, epochs=6, fresh_epochs=True,
             stock_writer=False, report=print):
    """Kill runs until there were enough kills.

    Returns:
        dict: Counts.
    """
    began, rng = time.monotonic(), random.Random(seed)
    runs = Runs(folder, processes, epochs, stock_writer,
                fresh_epochs=fresh_epochs)
    reference, seconds = runs.undisturbed()
    report({f'seconds of {p}': round(s, 3) for p, s in seconds.items()})
    results = []
    while sum(runs.kills.values()) < kills:
        last = runs.killed(f'run_{len(results)}', rng, seconds, kills)
        different = differences(last, reference)
        if fresh_epochs:
            assert not different, different
        results.append(metrics(last))
        report(dict(kills=dict(runs.kills), differences=len(different),
                    **results[-1]))
    summary = dict(
        processes=processes, kills=sum(runs.kills.values()),
        by_phase=dict(runs.kills), runs=len(results),
        checkpoints_read=runs.read, kills_with_half_a_checkpoint=runs.half,
        kills_that_lost_an_epoch=runs.lost,
        equal_bit_for_bit=fresh_epochs)
    if not fresh_epochs:
        summary['undisturbed'] = [metrics(reference)] + [
            metrics(runs.undisturbed(f'seed_{s}', seed=s)[0])
            for s in range(1, len(results))]
        summary['killed'] = results
    return dict(summary, seconds=round(time.monotonic() - began, 1))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--processes', type=int, default=1)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--as-it-is', action='store_true')
    parser.add_argument('--stock-writer', action='store_true')
    parser.add_argument('--folder', type=Path, help='keep the runs here')
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        summary = campaign(
            args.folder or Path(folder), args.kills, args.processes,
            args.seed, fresh_epochs=not args.as_it_is,
            stock_writer=args.stock_writer)
    print(json.dumps(summary, indent=2))


if __name__ == '__main__':
    main()
