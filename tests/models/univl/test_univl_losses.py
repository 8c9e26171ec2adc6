import math

import pytest
import torch

from meltr_mm.models.univl import LossRules
from meltr_mm.models.univl.tasks import contrastive_loss, max_margin_loss


def test_official_traces(load_fixture):
    for trace in load_fixture('univl_extra.pt')['ranking_losses']:
        torch.testing.assert_close(
            max_margin_loss(trace['sim'], trace['margin'], True),
            trace['max_margin'])
        torch.testing.assert_close(
            contrastive_loss(trace['sim'], True), trace['cross_en'])


def test_max_margin_is_the_mean_over_other_pairs():
    scores = torch.randn(5, 5, dtype=torch.float64)
    expected = 0
    for i in range(5):
        for j in range(5):
            if i != j:
                expected += max(0, 0.3 + scores[i, j] - scores[i, i])
                expected += max(0, 0.3 + scores[i, j] - scores[j, j])
    torch.testing.assert_close(max_margin_loss(scores, 0.3), expected / 20)


def test_official_diagonal_is_a_constant_and_a_factor():
    scores = torch.randn(4, 4, dtype=torch.float64)
    torch.testing.assert_close(
        max_margin_loss(scores, 0.1, True),
        max_margin_loss(scores, 0.1) * 12 / 16 + 2 * 0.1 / 4)


def test_contrastive_looks_both_ways():
    scores = torch.randn(3, 3, dtype=torch.float64)
    rows = -scores.log_softmax(1).diagonal().mean()
    columns = -scores.log_softmax(0).diagonal().mean()
    torch.testing.assert_close(contrastive_loss(scores), (rows + columns) / 2)
    torch.testing.assert_close(contrastive_loss(scores, True), rows)
    uniform = contrastive_loss(torch.zeros(7, 7))
    assert uniform.item() == pytest.approx(math.log(7))


def test_one_pair():
    score = torch.randn(1, 1, requires_grad=True)
    loss = max_margin_loss(score) + contrastive_loss(score)
    loss.backward()
    assert loss == 0 and score.grad == 0
    assert max_margin_loss(score, 0.1, True).item() == pytest.approx(0.2)


def test_rules():
    assert LossRules.of('official') == LossRules(True, True, True)
    assert LossRules.of('default') == LossRules(False, False, False)
    assert LossRules.of(dict(count_padding=True)) == LossRules(True)
    for wrong in ('officially', dict(padding=True)):
        with pytest.raises(ValueError, match="loss_rules must be 'default'"):
            LossRules.of(wrong)
