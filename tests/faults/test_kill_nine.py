"""A short version of kill_nine.py; docs/robustness.md has long ones."""
import pytest
import torch
from kill_nine import campaign


@pytest.mark.parametrize('processes', [1, 2])
def test_killed_runs_end_as_undisturbed_ones(tmp_path, processes):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        summary = campaign(tmp_path, 3 - processes, processes, seed=processes,
                           epochs=2)
    finally:
        torch.set_num_threads(threads)
    assert summary['kills'] == 3 - processes
    assert summary['checkpoints_read'] > 0 or processes == 2
