"""Two processes with half a batch each are one process with all of it."""
import json
from pathlib import Path

import pytest
import torch
from distributed_training import train
from two_ranks import run_two_ranks

SCRIPT = Path(__file__).with_name('distributed_training.py')


TOGETHER = [
    dict(),
    dict(estimator='vjp'),
    dict(estimator='finite_difference', gamma=0.),
    dict(accumulative_counts=2, interval=2),
    dict(estimator='vjp', gamma=0.),
    dict(estimator='jvp', direct_regulariser=True),
    dict(inverse_hessian=dict(type='Neumann', terms=2, lr=0.1)),
    dict(inverse_hessian=dict(type='Neumann', terms=2, lr=0.1),
         accumulative_counts=2),
]
APART = [
    dict(estimator='jvp'),
    dict(estimator='vjp'),
    dict(estimator='vjp', accumulative_counts=2),
]
ADAM = dict(type='AdamW', lr=1e-2)
# What two processes do, and what one does that must end alike.
ALIKE = [
    (dict(checkpointed=True), dict()),
    (dict(checkpointed=True, accumulative_counts=2),
     dict(accumulative_counts=2)),
    (dict(optimizer=dict(type='ZeroRedundancyOptimizer',
                         optimizer_type='AdamW', lr=1e-2)),
     dict(optimizer=ADAM)),
    (dict(optimizer=ADAM, inverse_hessian=dict(type='AdamPreconditioner')),
     dict(optimizer=ADAM, inverse_hessian=dict(type='AdamPreconditioner'))),
]
DROPOUT = [
    dict(dropout=0.3),
    dict(dropout=0.3, sync_losses=False),
]


@pytest.fixture(scope='module')
def two_processes(tmp_path_factory):
    """Per rank the results of all runs."""
    out = tmp_path_factory.mktemp('ranks')
    runs = TOGETHER + [dict(o, sync_losses=False) for o in APART] + DROPOUT
    runs += [two for two, _ in ALIKE]
    return run_two_ranks(SCRIPT, out, json.dumps(runs))


@pytest.mark.parametrize('number', range(len(TOGETHER)),
                         ids=[json.dumps(o) for o in TOGETHER])
def test_weights_and_phi_equal_one_process(two_processes, number):
    options = TOGETHER[number]
    expected = train(**options)
    assert expected['meta_steps'] >= 6
    first, second = (results[number] for results in two_processes)
    for name, tensor in expected.items():
        if name.startswith('meltr.'):
            assert torch.equal(first[name], second[name])  # bit for bit
        torch.testing.assert_close(
            first[name], tensor, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(
            second[name], tensor, rtol=1e-9, atol=1e-9)
    start = train(updates=0, **options)
    assert all((expected[n] - start[n]).abs().max() > 1e-4
               for n in ('meltr.fc1.weight', 'model.trunk.0.weight'))


@pytest.mark.parametrize('number', range(len(APART)),
                         ids=[json.dumps(o) for o in APART])
def test_phi_is_common_even_if_each_keeps_its_own_losses(
        two_processes, number):
    first, second = (results[len(TOGETHER) + number]
                     for results in two_processes)
    for name, tensor in first.items():
        if name != 'meta_steps':
            assert torch.equal(tensor, second[name])
    # It is not the same algorithm.
    together = train(**APART[number])
    assert not torch.allclose(first['meltr.fc1.weight'],
                              together['meltr.fc1.weight'], atol=1e-6)


@pytest.mark.parametrize('number', range(len(DROPOUT)),
                         ids=[json.dumps(o) for o in DROPOUT])
def test_dropout_of_meltr_does_not_part_them(two_processes, number):
    first, second = (results[len(TOGETHER) + len(APART) + number]
                     for results in two_processes)
    for name, tensor in first.items():
        if name != 'meta_steps':
            assert torch.equal(tensor, second[name]), name
    without = two_processes[0][0 if number == 0 else len(TOGETHER)]
    assert not torch.allclose(first['meltr.fc1.weight'],
                              without['meltr.fc1.weight'], atol=1e-6)


@pytest.mark.parametrize('number', range(len(ALIKE)),
                         ids=[json.dumps(two) for two, _ in ALIKE])
def test_other_ways_to_the_same_end(two_processes, number):
    """Activation checkpointing, with unused parameters; ZeRO."""
    expected = train(**ALIKE[number][1])
    before = len(TOGETHER) + len(APART) + len(DROPOUT)
    first, second = (results[before + number] for results in two_processes)
    for name, tensor in expected.items():
        if name.startswith('meltr.'):
            assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], tensor, rtol=1e-7, atol=1e-8)
