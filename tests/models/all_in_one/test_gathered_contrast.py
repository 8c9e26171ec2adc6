"""Two processes with half a batch each, against one with all of it."""
from pathlib import Path

import pytest
import torch
from gathered_contrast import run
from two_ranks import run_two_ranks
from zip_equal import zip_equal

SCRIPT = Path(__file__).with_name('gathered_contrast.py')


@pytest.fixture(scope='module')
def two_processes(tmp_path_factory):
    """Per rank the results without and with negatives of the other."""
    return run_two_ranks(SCRIPT, tmp_path_factory.mktemp('ranks'))


def test_gathered_negatives_equal_one_process(two_processes):
    whole = run(gather=True)
    first, second = (results[1] for results in two_processes)
    torch.testing.assert_close(
        (first['loss'] + second['loss']) / 2, whole['loss'])
    assert first['grads'].keys() == whole['grads'].keys()
    for name, grad in whole['grads'].items():
        torch.testing.assert_close(
            (first['grads'][name] + second['grads'][name]) / 2, grad)


def test_local_negatives_are_fewer(two_processes):
    whole = run(gather=False)
    first, second = (results[0] for results in two_processes)
    mean = (first['loss'] + second['loss']) / 2
    assert (mean - whole['loss']).abs() > 0.01
    assert set(first['grads']) == set(whole['grads'])


def test_ranking_is_that_of_one_process(two_processes):
    whole = run(gather=False)['scores']
    for results, own in zip_equal(two_processes, ([0, 2], [1, 3])):
        for ours, expected in zip_equal(results[0]['scores'], whole):
            assert list(ours) == own
            for place in own:
                torch.testing.assert_close(ours[place], expected[place])
