import numpy as np
import pytest
import torch
from mmaction.registry import METRICS
from mmengine.evaluator import Evaluator
from sklearn.metrics import f1_score

from meltr_mm.evaluation import (
    accuracy_of_degrees,
    correlation,
    sentiment_metrics,
    weighted_f1,
)

PREDICTIONS = [2.6, -0.4, 0.2, -1.0, 0.0, 3.9]
LABELS = [3.0, -0.4, -0.6, 0.0, 0.0, 2.6]


def test_by_hand():
    metrics = sentiment_metrics(PREDICTIONS, LABELS)
    assert metrics['MAE'] == pytest.approx((.4 + 0 + .8 + 1 + 0 + 1.3) / 6)
    assert metrics['Corr'] == pytest.approx(
        np.corrcoef(PREDICTIONS, LABELS)[0, 1])
    # Rounded: 3 -0 0 -1 0 3 for 3 -0 -1 0 0 3.
    assert metrics['Acc-7'] == pytest.approx(400 / 6)
    # Not negative: + - + - + + for + - - + + +.
    assert metrics['Acc-2_has0'] == pytest.approx(400 / 6)
    f1_yes, f1_no = 2 * 3 / (4 + 4), 2 * 1 / (2 + 2)
    assert metrics['F1_has0'] == pytest.approx(
        100 * (4 * f1_yes + 2 * f1_no) / 6)
    assert metrics['majority_has0'] == pytest.approx(400 / 6)
    # Positive, of the four that are not 0: + - + + for + - - +.
    assert metrics['Acc-2_non0'] == 75
    f1_yes, f1_no = 2 * 2 / (3 + 2), 2 * 1 / (1 + 2)
    assert metrics['F1_non0'] == pytest.approx(100 * (f1_yes + f1_no) / 2)
    assert metrics['majority_non0'] == 50


def test_halves_round_to_even():
    assert accuracy_of_degrees([0.5, 1.5, 2.5], [0, 2, 2], 3) == 100
    assert accuracy_of_degrees([0.5, 1.5], [1, 1], 3) == 0


def test_degrees_are_cut():
    assert accuracy_of_degrees([9., -4.], [3., -2.6], 3) == 100
    assert accuracy_of_degrees([2., -2.], [1., -3.], 1) == 100


def test_weighted_f1_by_truth():
    # The truth decides the weights: swapping the two changes the result.
    truth, predicted = [0, 0, 0, 1], [0, 1, 1, 1]
    zero, one = 2 * 1 / (1 + 3), 2 * 1 / (3 + 1)
    assert weighted_f1(predicted, truth) == pytest.approx(
        100 * (.75 * zero + .25 * one))
    truth, predicted = [0, 0, 1], [0, 0, 0]
    assert weighted_f1(predicted, truth) == pytest.approx(100 * .8 * 2 / 3)
    assert weighted_f1(truth, predicted) == pytest.approx(100 * .8)


def test_weighted_f1_equals_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        truth, predicted = rng.integers(0, 4, (2, 12))
        assert weighted_f1(predicted, truth) == pytest.approx(
            100 * f1_score(truth, predicted, average='weighted',
                                   zero_division=0))


def test_constants_have_no_correlation():
    assert correlation([1., 1.], [0., 2.]) == 0
    assert correlation([1., 2.], [3., 3.]) == 0
    assert correlation([1., 2.], [-3., 3.]) == pytest.approx(1)


def test_all_neutral_has_no_second_convention():
    metrics = sentiment_metrics([0.1, -0.1], [0., 0.])
    assert metrics['Acc-2_has0'] == 50
    assert not any(name.endswith('non0') for name in metrics)


def test_one_utterance():
    metrics = sentiment_metrics([1.], [2.])
    assert (metrics['MAE'], metrics['Corr'], metrics['Acc-2_non0']) == (
        1, 0, 100)


@pytest.mark.parametrize('predictions, labels, message', [
    ([], [], 'at least one utterance'),
    ([1.], [1., 2.], r'shapes are \(1,\) and \(2,\)'),
    ([1., float('nan')], [1., 2.], 'Every prediction.* utterance 1 is nan'),
    ([1., 2.], [float('-inf'), 2.], 'Every label .*utterance 0 is -inf'),
])
def test_bad_input(predictions, labels, message):
    with pytest.raises(ValueError, match=message):
        sentiment_metrics(predictions, labels)


def test_metric():
    evaluator = Evaluator(METRICS.build(dict(type='SentimentMetric')))
    samples = [dict(pred_sentiment=torch.tensor([p]),
                    sentiment=torch.tensor([y]))
               for p, y in zip(PREDICTIONS, LABELS)]
    for batch in (samples[:4], samples[4:]):
        evaluator.process(batch)
    expected = sentiment_metrics(PREDICTIONS, LABELS)
    assert evaluator.evaluate(6) == {
        f'sentiment/{name}': pytest.approx(value, rel=1e-6)
        for name, value in expected.items()
    }
    evaluator.process(samples[:4])
    with pytest.raises(ValueError, match='All 6 utterances.*results of 4'):
        evaluator.evaluate(6)
    with pytest.raises(ValueError, match="SentimentMetric needs 'pred_sent"):
        evaluator.process([dict(sentiment=1.)])
