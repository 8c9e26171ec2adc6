import numpy as np
import pytest
import torch
from mmaction.registry import METRICS
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator
from two_ranks import call_in_two_ranks

from meltr_mm.evaluation.functional import (
    both_directions,
    retrieval_metrics,
)

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
