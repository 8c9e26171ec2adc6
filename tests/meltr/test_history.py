from collections import Counter

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from meltr_mm.meltr import BatchHistory


def test_fifo_keeps_the_newest():
    history = BatchHistory(capacity=3, eviction='fifo')
    for number in range(7):
        history.append(number)
    assert history.batches == [4, 5, 6]


def test_weighted_eviction_has_the_official_probabilities():
    gone = Counter()
    history = BatchHistory(capacity=10, eviction='weighted', seed=1)
    rounds = 20000
    for _ in range(rounds):
        history.refill(list(range(10)), [None] * 10)
        history.append(10)
        gone[({*range(11)} - set(history.batches)).pop()] += 1
    assert 10 not in gone  # the newest is never evicted
    for position in range(10):
        expected = (position + 1) / 55
        assert gone[position] / rounds == pytest.approx(expected, abs=0.012)


def test_draws_are_uniform_and_reproducible():
    history = BatchHistory(seed=3)
    for number in range(4):
        history.append(number)
    state = history.generator.get_state()
    draws = [history.draw() for _ in range(4000)]
    counts = Counter(draws)
    assert all(abs(counts[n] - 1000) < 120 for n in range(4))
    history.generator.set_state(state)
    assert [history.draw() for _ in range(4000)] == draws


def test_batches_leave_shared_memory():
    history = BatchHistory()
    inputs = torch.zeros(2).share_memory_()
    sample = ActionDataSample(text_ids=torch.ones(3).share_memory_())
    history.append(dict(inputs=[inputs], data_samples=[sample]))
    inputs += 1
    kept = history.draw()
    assert torch.equal(kept['inputs'][0], torch.zeros(2))
    assert not kept['inputs'][0].is_shared()
    assert not kept['data_samples'][0].text_ids.is_shared()


def test_private_batches_are_not_copied():
    history = BatchHistory()
    batch = [dict(inputs=[torch.zeros(2)], name='a', boxes=np.zeros(2),
                  data_samples=(ActionDataSample(text_ids=torch.ones(3)), ))]
    history.append(batch)
    assert history.draw() is batch


def test_what_is_unknown_is_copied():

    class Unknown:
        pass

    history = BatchHistory()
    batch = [Unknown()]
    history.append(batch)
    assert history.draw()[0] is not batch[0]


def test_bad_arguments_and_empty_draw():
    with pytest.raises(ValueError, match='positive'):
        BatchHistory(capacity=0)
    with pytest.raises(ValueError, match="'lifo'"):
        BatchHistory(eviction='lifo')
    with pytest.raises(IndexError, match='empty history'):
        BatchHistory().draw()
