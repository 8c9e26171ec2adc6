import numpy as np
import pytest
import torch
from mmaction.registry import METRICS
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from two_ranks import call_in_two_ranks

from meltr_mm.evaluation import (
    both_directions,
    query_ranks,
    retrieval_metrics,
)

TIED = np.array([[2., 2, 2, 1], [1, 2, 0, 0], [3, 2, 2, 1], [0, 0, 0, 0]])


@pytest.mark.parametrize('ties, ranks', [
    ('mean', [2, 1, 2.5, 2.5]),
    ('optimistic', [1, 1, 2, 1]),
    ('pessimistic', [3, 1, 3, 4]),
    ('official', [1, 2, 3, 1, 2, 3, 1, 2, 3, 4]),
])
def test_ties_by_hand(ties, ranks):
    assert query_ranks(TIED, ties=ties).tolist() == ranks


def test_metrics_by_hand():
    assert retrieval_metrics(TIED, recall_at=(1, 2)) == {
        'R@1': 25, 'R@2': 50, 'MedR': 2.25, 'MeanR': 2}


def test_all_rules_agree_without_ties():
    scores = np.random.default_rng(0).permutation(400).reshape(20, 20)
    expected = [1 + int((row > row[i]).sum()) for i, row in enumerate(scores)]
    for ties in ('mean', 'optimistic', 'pessimistic', 'official'):
        assert query_ranks(scores, ties=ties).tolist() == expected


def test_mean_rule_is_the_expected_rank_under_random_order():
    # Three wrong and two right items share one score: 1 + 3 / 3.
    scores = np.array([[1., 1, 1, 1, 1, 0]])
    assert query_ranks(scores, [[1, 3]]) == [2]
    rng = np.random.default_rng(0)
    first = [min(np.flatnonzero(rng.permutation(5) < 2)) + 1
             for _ in range(4000)]
    assert np.mean(first) == pytest.approx(2, abs=0.05)


def test_official_traces(load_fixture):
    traces = load_fixture('univl_extra.pt')['retrieval_metrics']
    counts = []
    for trace in traces:
        scores = trace['sim'].numpy()
        result = retrieval_metrics(scores, ties='official')
        assert result['R@1'] == pytest.approx(100 * trace['R1'])
        assert result['R@5'] == pytest.approx(100 * trace['R5'])
        assert result['R@10'] == pytest.approx(100 * trace['R10'])
        assert result['MedR'] == trace['MR']
        counts.append(len(query_ranks(scores, ties='official')) - len(scores))
    assert max(counts) > 0  # there are ties among them


def test_one_query():
    for ties in ('mean', 'optimistic', 'pessimistic', 'official'):
        assert retrieval_metrics(np.array([[.3]]), ties=ties) == {
            'R@1': 100, 'R@5': 100, 'R@10': 100, 'MedR': 1, 'MeanR': 1}


def test_several_texts_per_video():
    # Texts 0 and 1 describe video 0, text 2 describes video 1.
    scores = np.array([[.9, .1], [.2, .8], [.3, .7]])
    result = both_directions(scores, [0, 0, 1], recall_at=(1, ))
    assert result == {
        't2v/R@1': pytest.approx(200 / 3), 't2v/MedR': 1,
        't2v/MeanR': pytest.approx(4 / 3),
        # Video 0 finds text 0 first; video 1 finds text 1 before its own.
        'v2t/R@1': 50, 'v2t/MedR': 1.5, 'v2t/MeanR': 1.5}


def test_several_videos_per_text_and_unused_videos():
    scores = np.array([[.5, .9, .7], [.6, .1, .4]])
    result = both_directions(scores, [[0, 2], [0]], recall_at=(1, ))
    assert result['t2v/MeanR'] == 1.5
    assert result['v2t/MeanR'] == 1  # video 1 belongs to no text
    assert result['v2t/R@1'] == 100


def test_directions_of_a_square_matrix():
    scores = np.random.default_rng(1).normal(size=(7, 7))
    result = both_directions(scores)
    for prefix, matrix in (('t2v', scores), ('v2t', scores.T)):
        for name, value in retrieval_metrics(matrix).items():
            assert result[f'{prefix}/{name}'] == value


@pytest.mark.parametrize('scores, truth, message', [
    (np.zeros(3), None, r'must be a matrix.*\(3,\)'),
    (np.zeros((2, 3)), None, '2 queries and 3 items'),
    (np.zeros((2, 3)), [0], '2 queries and 1 entries'),
    (np.zeros((2, 3)), [0, 3], r'from 0 to 2.*query 1 are \[3\]'),
    (np.zeros((2, 3)), [0, []], r'query 1 are \[\]'),
    (np.array([[0, 1], [np.nan, 0]]), None, 'first is query 1'),
    (np.zeros((0, 0)), None, 'at least one query'),
])
def test_bad_input(scores, truth, message):
    with pytest.raises(ValueError, match=message):
        retrieval_metrics(scores, truth)


def test_bad_rules():
    with pytest.raises(ValueError, match="ties must be one of .*'fair'"):
        query_ranks(TIED, ties='fair')
    with pytest.raises(ValueError, match='query 1 has several'):
        query_ranks(TIED, [0, [1, 2], 2, 3], ties='official')


SCORES = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))


def row(i, scores=SCORES):
    sample = ActionDataSample().set_gt_label(torch.tensor([i]))
    return sample.set_pred_score(scores[i])


def evaluator(**kwargs):
    return Evaluator(
        METRICS.build(dict(type='TextVideoRetrievalMetric', **kwargs)))


def named(metrics):
    return {f'retrieval/{name}': value for name, value in metrics.items()}


def test_rows_in_uneven_batches():
    metric = evaluator(recall_at=(1, 3))
    for batch in ([0, 1], [2, 3], [4]):
        metric.process([row(i) for i in batch])
    assert metric.evaluate(5) == named(
        retrieval_metrics(SCORES.numpy(), recall_at=(1, 3)))


def test_several_right_items():
    metric = evaluator()
    metric.process([dict(pred_score=torch.tensor([.1, .9, .5]),
                         gt_label=[0, 2])])
    assert metric.evaluate(1)['retrieval/MeanR'] == 2


def test_matrix_gives_both_directions():
    metric = evaluator()
    metric.process([dict(score_matrix=SCORES[:, :3],
                         videos_of_text=[0, 1, 2, 0, 1])])
    assert metric.evaluate(5) == named(
        both_directions(SCORES[:, :3].numpy(), [0, 1, 2, 0, 1]))


def test_tie_rule_is_passed_on():
    constant = torch.zeros(4, 4)
    results = {}
    for ties in ('mean', 'official'):
        metric = evaluator(ties=ties)
        metric.process([row(i, constant) for i in range(4)])
        results[ties] = metric.evaluate(4)['retrieval/R@1']
    assert results == dict(mean=0, official=25)
    with pytest.raises(ValueError, match="ties must be one of .*'fair'"):
        evaluator(ties='fair')


def test_bfloat16_scores():
    metric = evaluator()
    metric.process([row(0, torch.eye(3).bfloat16())])
    assert metric.evaluate(1)['retrieval/R@1'] == 100


def test_incomplete_and_wrong_samples():
    metric = evaluator()
    metric.process([row(0)])
    with pytest.raises(ValueError, match='All 5 queries.*results of 1'):
        metric.evaluate(5)
    with pytest.raises(ValueError, match="needs 'pred_score'.*RetrievalVal"):
        evaluator().process([dict(gt_label=[1])])
    with pytest.raises(ValueError, match='NaN'):
        evaluator().process([row(0, torch.full((2, 2), float('nan')))])


def _rank(rank, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/init', rank=rank, world_size=2)
    metric = evaluator(collect_dir=f'{folder}/parts')
    metric.process([row(i) for i in ((0, 2, 4), (1, 3, 0))[rank]])
    expected = named(retrieval_metrics(SCORES.numpy()))
    result = metric.evaluate(5)
    assert result.keys() == expected.keys()
    assert np.allclose(list(result.values()), list(expected.values()))


def test_two_ranks(tmp_path):
    (tmp_path / 'parts').mkdir()
    call_in_two_ranks(_rank, str(tmp_path))
