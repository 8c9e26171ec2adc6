import torch
import torch.nn.functional as F

from meltr_mm.models.layers import labelled_cross_entropy


def test_equals_torch_where_something_is_labelled():
    logits = torch.randn(3, 4, 7)
    labels = torch.tensor([[0, -1, 6, 2], [-1, -1, -1, -1], [5, 1, -1, 3]])
    expected = F.cross_entropy(
        logits.view(-1, 7), labels.view(-1), ignore_index=-1)
    torch.testing.assert_close(
        labelled_cross_entropy(logits, labels), expected)


def test_nothing_labelled_is_zero_with_a_graph():
    logits = torch.randn(2, 5, requires_grad=True)
    loss = labelled_cross_entropy(logits, torch.full((2, ), -1))
    loss.backward()
    assert loss == 0
    assert torch.equal(logits.grad, torch.zeros(2, 5))


def test_no_rows_is_zero_with_a_graph():
    weight = torch.randn(5, 3, requires_grad=True)
    loss = labelled_cross_entropy(
        torch.zeros(0, 3) @ weight.T, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss == 0
    assert torch.equal(weight.grad, torch.zeros(5, 3))


def test_half_precision_logits_give_a_float_loss():
    loss = labelled_cross_entropy(
        torch.randn(2, 5, dtype=torch.bfloat16), torch.tensor([1, 2]))
    assert loss.dtype == torch.float32
