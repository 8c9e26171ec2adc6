import pytest
import torch
from mmaction.registry import METRICS
from mmaction.structures import ActionDataSample
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from two_ranks import call_in_two_ranks

from meltr_mm.evaluation import (
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


LABELS = [0, 0, 1, -1, 2]
PREDICTIONS = [0, 1, 1, -1, 2]
TYPES = ['what', 'what', 'who', 'who', 'who']


def sample(i, **meta):
    result = ActionDataSample()
    result.set_gt_label(LABELS[i])
    result.set_pred_label(torch.tensor([PREDICTIONS[i]]))
    meta = dict(dict(question_id=i, question=f'{TYPES[i]} is it?'), **meta)
    result.set_metainfo(meta)
    return result


def evaluate(samples, size=5, **kwargs):
    evaluator = Evaluator(METRICS.build(dict(type='OpenEndedQAMetric')))
    evaluator.dataset_meta = kwargs.get('meta', dict(vocab=['a'] * 4))
    for batch in samples:
        evaluator.process(batch)
    return evaluator.evaluate(size)


EXPECTED = {
    'qa/accuracy': 60,
    'qa/accuracy_known': 75,
    'qa/ceiling': 80,
    'qa/accuracy_what': 50,
    'qa/accuracy_who': pytest.approx(200 / 3),
    'qa/chance': 25,
    'qa/majority': 40,
}


def test_uneven_last_batch():
    batches = [[sample(0), sample(1)], [sample(2), sample(3)], [sample(4)]]
    assert evaluate(batches) == EXPECTED


def test_without_unknown_answers_both_accuracies_are_the_same():
    """As in VIOLET's file of MSVD-QA, which leaves such questions out."""
    known = [0, 1, 2, 4]
    result = evaluate([[sample(i) for i in known]], size=4)
    assert result['qa/accuracy'] == result['qa/accuracy_known'] == 75
    assert result['qa/ceiling'] == 100


def test_options_have_no_unknown_answers():
    result = evaluate([[sample(i) for i in (0, 1, 2)]], size=3, meta={})
    assert not {'qa/ceiling', 'qa/accuracy_known'} & set(result)


def test_the_papers_number_over_all_questions():
    """51.7 on 11,983 questions is 47.1 on all 13,157."""
    labels = [1] * 11983 + [-1] * 1174
    predictions = [1] * 6195 + [0] * (13157 - 6195)
    assert round(accuracy_known(predictions, labels), 1) == 51.7
    assert round(accuracy(predictions, labels), 1) == 47.1
    assert round(ceiling(labels), 1) == 91.1


def test_repeated_questions_count_once():
    batches = [[sample(i) for i in (0, 1, 0, 2, 3, 4)]]
    metric = METRICS.build(dict(type='OpenEndedQAMetric'))
    metric.dataset_meta = dict(vocab=['a'] * 4)
    metric.process(None, [s.to_dict() for s in batches[0]])
    result = metric.compute_metrics(metric.results)
    assert {f'qa/{k}': v for k, v in result.items()} == EXPECTED


def test_question_type_wins_over_the_first_word():
    result = evaluate([[sample(i, question_type='t') for i in range(5)]])
    assert result['qa/accuracy_t'] == 60
    assert 'qa/accuracy_what' not in result


def test_same_ids_of_two_data_sets():
    batch = [sample(i, question_id=0, video_id=f'v{i}') for i in range(5)]
    assert evaluate([batch]) == EXPECTED


def test_chance_needs_a_vocabulary():
    result = evaluate([[sample(i) for i in range(5)]], meta={})
    assert 'qa/chance' not in result


def test_incomplete_evaluation_is_an_error():
    with pytest.raises(ValueError, match='All 5 questions.*results of 4'):
        evaluate([[sample(i) for i in range(4)]])


def test_missing_prediction():
    bare = ActionDataSample()
    bare.set_gt_label(1)
    with pytest.raises(ValueError, match="needs 'pred_label'.*gt_label"):
        evaluate([[bare]])


def _rank(rank, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/init', rank=rank, world_size=2)
    metric = METRICS.build(
        dict(type='OpenEndedQAMetric', collect_dir=f'{folder}/parts'))
    metric.dataset_meta = dict(vocab=['a'] * 4)
    # Five questions on two ranks: the sampler repeats the first.
    sampler = DefaultSampler(range(5), shuffle=False)
    assert len(list(sampler)) == 3
    metric.process(None, [sample(i).to_dict() for i in sampler])
    assert metric.evaluate(5) == EXPECTED


def test_two_ranks(tmp_path):
    (tmp_path / 'parts').mkdir()
    call_in_two_ranks(_rank, str(tmp_path))
