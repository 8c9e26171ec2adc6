import pytest
import torch
from scipy.optimize import linprog

from meltr_mm.models.all_in_one.heads import (
    inner_masks,
    transport_distance,
    transport_plan,
)


def cheapest(cost):
    """The optimal transport between uniform masses, by linear programming."""
    n, m = cost.shape
    rows = torch.eye(n).repeat_interleave(m, dim=1)
    columns = torch.eye(m).repeat(1, n)
    masses = [1 / n] * n + [1 / m] * m
    return linprog(cost.flatten(), A_eq=torch.cat([rows, columns]),
                   b_eq=masses).fun


def test_plan_has_the_masses_and_is_nearly_the_cheapest():
    torch.manual_seed(0)
    cost = torch.rand(2, 4, 6, dtype=torch.float64)
    rows, columns = torch.ones(2, 4).bool(), torch.ones(2, 6).bool()
    rows[1, 3:] = columns[1, 4:] = False
    plan = transport_plan(cost, rows, columns)
    for i, (n, m) in enumerate([(4, 6), (3, 4)]):
        part = plan[i, :n, :m]
        assert plan[i].sum().item() == pytest.approx(1)
        assert part.sum().item() == pytest.approx(1)
        torch.testing.assert_close(
            part.sum(dim=1), torch.full((n, ), 1 / n).double())
        torch.testing.assert_close(
            part.sum(dim=0), torch.full((m, ), 1 / m).double(),
            atol=0.01, rtol=0)
        expected = cheapest(cost[i, :n, :m])
        assert (part * cost[i, :n, :m]).sum().item() == pytest.approx(
            expected, abs=0.01)


def test_distance_of_the_same_and_of_orthogonal_vectors():
    words = torch.eye(4).double()[None]
    mask = torch.ones(1, 4).bool()
    half = torch.tensor([[True, True, False, False]])
    # Each vector finds itself, whatever its length.
    near = transport_distance(words, 3 * words.flip(1), mask, mask)
    assert near.item() == pytest.approx(0, abs=1e-6)
    far = transport_distance(words, words, half, ~half)
    assert far.item() == pytest.approx(1)


def test_gradient_is_that_of_the_cost_under_a_constant_plan():
    torch.manual_seed(0)
    words = torch.randn(1, 3, 5).double().requires_grad_()
    patches = torch.randn(1, 4, 5).double()
    masks = torch.ones(1, 3).bool(), torch.ones(1, 4).bool()
    grad, = torch.autograd.grad(
        transport_distance(words, patches, *masks).sum(), words)
    cosine = torch.cosine_similarity(
        words[:, :, None], patches[:, None], dim=-1)
    plan = transport_plan(1 - cosine.detach(), *masks)
    expected, = torch.autograd.grad((plan * (1 - cosine)).sum(), words)
    torch.testing.assert_close(grad, expected)


def test_text_without_words_is_zero_with_a_graph():
    words = torch.randn(2, 3, 5, requires_grad=True)
    nothing = torch.zeros(2, 3).bool()
    distance = transport_distance(
        words, torch.randn(2, 4, 5), nothing, torch.ones(2, 4).bool())
    assert distance.tolist() == [0, 0]
    distance.sum().backward()
    assert torch.equal(words.grad, torch.zeros_like(words))


def test_low_precision_is_computed_in_float32():
    words = torch.randn(1, 3, 5).bfloat16()
    mask = torch.ones(1, 3).bool()
    assert transport_distance(
        words, words, mask, mask).dtype == torch.float32


def test_special_tokens_and_padding_are_left_out():
    words, patches = inner_masks(
        torch.tensor([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0]]), 3)
    assert words.tolist() == [[False, True, True, False, False], [False] * 5]
    assert patches.tolist() == [[False, True, True]] * 2
