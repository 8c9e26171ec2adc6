"""Two processes of a distributed job."""
import importlib
import pickle
import sys
import tempfile
from pathlib import Path

import torch
from child_process import environment
from warm_process import run_scripts


def run_two_ranks(script, out, *args):
    """Run `script RANK 2 OUT *args` twice and load what each has saved.

    Args:
        script (Path): Saves its results into OUT/rank<RANK>.pt.
        out (Path): An empty folder.

    Returns:
        list: The results of rank 0 and of rank 1.
    """
    _run([(script, rank, 2, out, *args) for rank in range(2)])
    return [torch.load(out / f'rank{rank}.pt') for rank in range(2)]


def call_in_two_ranks(function, *args):
    """Call `function(RANK, *args)` of a test file in two processes.

    Args:
        function (Callable): Of the file's top level.
        *args: Are pickled.
    """
    file = sys.modules[function.__module__].__file__
    with tempfile.NamedTemporaryFile() as pickled:
        pickle.dump(args, pickled)
        pickled.flush()
        _run([(__file__, file, function.__name__, rank, pickled.name)
              for rank in range(2)])


def _run(commands):
    results = run_scripts(commands, env=environment(
        Path(__file__).parent, *filter(None, sys.path), OMP_NUM_THREADS='1'))
    assert not any(result.returncode for result in results), '\n'.join(
        result.stderr[-3000:] for result in results)


if __name__ == '__main__':
    file, name, rank, pickled = sys.argv[1:]
    sys.path.insert(0, str(Path(file).parent))
    called = getattr(importlib.import_module(Path(file).stem), name)
    called(int(rank), *pickle.loads(Path(pickled).read_bytes()))
