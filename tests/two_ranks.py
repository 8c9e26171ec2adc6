"""Run a script as the two processes of a distributed job."""
import os
import subprocess
import sys

import torch


def run_two_ranks(script, out, *args):
    """Start `script RANK 2 OUT *args` twice and load what each has saved.

    Args:
        script (Path): Saves its results into OUT/rank<RANK>.pt.
        out (Path): An empty folder.

    Returns:
        list: The results of rank 0 and of rank 1.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, script, str(rank), '2', out, *args],
            env=dict(os.environ, OMP_NUM_THREADS='1'),
            stderr=subprocess.PIPE,
            text=True) for rank in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    return [torch.load(out / f'rank{rank}.pt') for rank in range(2)]
