"""Run a script as the two processes of a distributed job."""
import subprocess
import sys
from pathlib import Path

import torch
from child_process import environment


def run_two_ranks(script, out, *args):
    """Start `script RANK 2 OUT *args` twice and load what each has saved.

    Args:
        script (Path): Saves its results into OUT/rank<RANK>.pt.
        out (Path): An empty folder.

    Returns:
        list: The results of rank 0 and of rank 1.
    """
    logs = [out / f'log{rank}.txt' for rank in range(2)]
    processes = []
    for rank, log in enumerate(logs):
        with log.open('w') as file:
            processes.append(subprocess.Popen(
                [sys.executable, script, str(rank), '2', out, *args],
                env=environment(Path(__file__).parent, OMP_NUM_THREADS='1'),
                stdout=file,
                stderr=file))
    try:
        for process in processes:
            process.wait(timeout=300)
    finally:
        for process in processes:
            process.kill()
    assert all(process.returncode == 0 for process in processes), '\n'.join(
        log.read_text()[-3000:] for log in logs)
    return [torch.load(out / f'rank{rank}.pt') for rank in range(2)]
