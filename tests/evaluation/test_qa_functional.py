import pytest

from meltr_mm.evaluation.functional import (
    accuracy,
    accuracy_by_group,
    accuracy_known,
    ceiling,
    majority,
)


def test_accuracy():
    assert accuracy([1, 2, 3, 4], [1, 2, 0, 0]) == 50
    assert accuracy([5], [5]) == 100


def test_unknown_is_always_wrong():
    assert accuracy([-1, 0], [-1, 0]) == 50
    assert accuracy([0, 1], [-1, -1]) == 0


def test_known_answers_only():
    labels = [2, -1, 3, -1]
    assert accuracy_known([2, -1, 0, 5], labels) == 50
    assert ceiling(labels) == 50
    assert accuracy_known([0, 1], [-1, -1]) == 0


def test_by_group():
    assert accuracy_by_group([1, 1, 1], [1, 0, 1], ['b', 'a', 'b']) == dict(
        a=0, b=100)


def test_majority():
    assert majority([3, 3, 1, -1]) == 50
    assert majority([-1, -1]) == 0


@pytest.mark.parametrize('function', [
    lambda x: accuracy(x, x), lambda x: accuracy_known(x, x), ceiling,
    majority])
def test_nothing_to_evaluate(function):
    with pytest.raises(ValueError, match='at least one question'):
        function([])


def test_lengths():
    with pytest.raises(ValueError, match='1 predictions and 2 labels'):
        accuracy([1], [1, 2])
