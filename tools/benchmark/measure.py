"""Time and memory of a function, as ratios to a training step."""
import gc
import statistics
import time
from pathlib import Path
from typing import Callable, Dict

import torch

# Without these, freed memory stays with the process and hides what a later
# function needs. They are read when a process starts.
MALLOC = dict(
    MALLOC_MMAP_MAX_='65536',
    MALLOC_MMAP_THRESHOLD_='65536',
    MALLOC_TRIM_THRESHOLD_='65536')


def seconds(fn: Callable[[], object], device: str) -> float:
    """Wall-clock time of one call."""
    _wait(device)
    start = time.perf_counter()
    fn()
    _wait(device)
    return time.perf_counter() - start


def time_ratios(reference: Callable[[], object],
                functions: Dict[str, Callable[[], object]], rounds: int,
                device: str) -> Dict[str, float]:
    """Median time of each function in units of the reference.

    Each measurement stands between two of the reference, so that a machine
    that slows down slows both.

    Args:
        reference (Callable): The training step.
        functions (dict[str, Callable]): What to measure.
        rounds (int): Measurements of each.
        device (str): Where they run.

    Returns:
        dict[str, float]: Medians over the rounds.
    """
    ratios: Dict[str, list] = {name: [] for name in functions}
    for fn in (reference, *functions.values()):
        fn()
    before = seconds(reference, device)
    for _ in range(rounds):
        for name, fn in functions.items():
            taken = seconds(fn, device)
            after = seconds(reference, device)
            ratios[name].append(2 * taken / (before + after))
            before = after
    return {name: statistics.median(values)
            for name, values in ratios.items()}


def peak_growth(fn: Callable[[], object], device: str) -> float:
    """Bytes that a call needs beyond what is there before it.

    On a CPU this is the growth of the peak resident set (Linux), which is
    only meaningful in a fresh process started with :data:`MALLOC`.

    Args:
        fn (Callable): What to measure; it is called twice before.
        device (str): Where it runs.

    Returns:
        float: Bytes.
    """
    for _ in range(2):
        fn()
    gc.collect()
    if device != 'cpu':
        _wait(device)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        fn()
        _wait(device)
        return torch.cuda.max_memory_allocated() - before
    Path('/proc/self/clear_refs').write_text('5')  # resets the peak
    before = _status('VmRSS')
    fn()
    return _status('VmHWM') - before


def _status(key: str) -> float:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(f'{key}:'):
            return float(line.split()[1]) * 1024
    raise RuntimeError(f'/proc/self/status has no {key}')


def _wait(device: str) -> None:
    if device != 'cpu':
        torch.cuda.synchronize()
