import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import combine

# Every recorded MELTR: fixture, its section, and where input, output and
# dM/dl stand in it (the last is not recorded for VIOLET).
RECORDED = [
    ('univl_a.pt', 'meltr', 'input', 'output', 'task_weights'),
    ('all_in_one_a.pt', 'meltr', 'losses', 'meltr_out', 'dmeltr_dlosses'),
    ('all_in_one_a.pt', 'meltr_permuted', 'losses', 'meltr_out',
     'dmeltr_dlosses'),
    ('all_in_one_a.pt', 'meltr_float64', 'losses', 'meltr_out',
     'dmeltr_dlosses'),
    ('violet_qaoe_a.pt', 'meltr', 'input', 'output', None),
    ('violet_qamc_a.pt', 'meltr', 'input', 'output', None),
    ('violet_retrieval_a.pt', 'meltr', 'input', 'output', None),
]


def build(state):
    tasks, width = state['task_embedding.weight'].shape
    meltr = MELTR(tasks, (len(state['loss_fc1.bias']), width),
                  len(state['encoder.linear1.bias']))
    meltr.load_state_dict(state)
    return meltr.to(state['fc1.weight'].dtype).eval()


@pytest.mark.parametrize('name,section,given,expected,slopes', RECORDED)
def test_equals_official(load_fixture, name, section, given, expected,
                         slopes):
    fixture = load_fixture(name)
    recorded = fixture[section]
    state = recorded.get('state_dict', fixture['meltr']['state_dict'])
    losses = recorded[given].flatten()
    meltr = build(state).to(losses.dtype)
    losses.requires_grad_()
    total = meltr(losses)
    tolerance = 1e-12 if losses.dtype == torch.float64 else 1e-5
    torch.testing.assert_close(
        total, recorded[expected].squeeze(), rtol=tolerance, atol=tolerance)
    if slopes:
        weights, = torch.autograd.grad(total, losses)
        torch.testing.assert_close(
            weights, recorded[slopes].flatten(), rtol=10 * tolerance,
            atol=tolerance)


def test_violet_slopes_equal_finite_differences(load_fixture):
    for name in ('qaoe', 'qamc', 'retrieval'):
        recorded = load_fixture(f'violet_{name}_a.pt')['meltr']
        meltr = build(recorded['state_dict']).double()
        losses = recorded['input'].flatten().double().requires_grad_()
        assert gradcheck(meltr, losses, atol=1e-7)


def test_second_derivative_exists_in_both_modes():
    losses = torch.rand(4, requires_grad=True)
    for meltr in (MELTR(4).train(), MELTR(4).eval()):
        weights, = torch.autograd.grad(
            meltr(losses), losses, create_graph=True)
        grads = torch.autograd.grad(
            weights.sum(), list(meltr.parameters()), allow_unused=True)
        assert sum(g is not None and g.abs().sum() > 0 for g in grads) >= 14


def test_tasks_permute_with_their_embeddings():
    meltr, losses = MELTR(4).eval(), torch.rand(4)
    order = torch.tensor([2, 0, 3, 1])
    expected = meltr(losses)
    weight = meltr.task_embedding.weight
    weight.data = weight.data[order]
    torch.testing.assert_close(meltr(losses[order]), expected)


def test_runs_in_its_own_precision_under_autocast():
    meltr, losses = MELTR(3).eval(), torch.rand(3)
    expected = meltr(losses)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert meltr(losses).dtype == torch.float32
        torch.testing.assert_close(meltr(losses), expected)


def test_wrong_number_of_losses_is_an_error():
    with pytest.raises(ValueError, match=r'3 losses .* got \(4,\)'):
        MELTR(3)(torch.rand(4))
    with pytest.raises(ValueError, match='multiple of num_heads'):
        MELTR(3, hidden_dims=(8, 12))


@pytest.mark.parametrize('start', ['random', 'normal', 'sum', 'primary'])
def test_every_start_has_the_official_parameters(start):
    official = MELTR(3).state_dict()
    meltr = MELTR(3, start=start, primary=1).eval()
    assert meltr.state_dict().keys() == official.keys()
    meltr.load_state_dict(official)
    losses = torch.rand(3)
    base = dict(sum=losses.sum(), primary=losses[1]).get(start, 0.)
    plain = MELTR(3).eval()
    plain.load_state_dict(official)
    torch.testing.assert_close(meltr(losses), plain(losses) + base)


def test_the_normal_start_is_narrow():
    meltr = MELTR(3, start='normal')
    for layer in (meltr.loss_fc2, meltr.encoder.linear1,
                  meltr.encoder.self_attn.out_proj, meltr.fc1):
        assert layer.weight.std().item() == pytest.approx(.02, rel=.2)
        assert layer.bias is None or not layer.bias.any()
    assert meltr.encoder.norm1.weight.eq(1).all()


def test_a_start_at_the_sum_is_left_by_the_first_meta_step():
    meltr = MELTR(3, start='sum')
    losses = torch.rand(3, requires_grad=True)
    weights, = torch.autograd.grad(
        meltr(losses), losses, create_graph=True)
    assert weights.tolist() == [1., 1., 1.]
    grad, = torch.autograd.grad(weights[0], meltr.fc1.weight)
    assert grad.any()


@pytest.mark.parametrize('start, total', [
    ('sum', 4.), ('random', 4.), ('primary', 1.)])
def test_normalised_weights(start, total):
    """Their sum is that of the start, whatever the scale of M."""
    torch.manual_seed(0)
    meltr = MELTR(4, start=start, primary=0, normalise=True,
                  dropout=0.).double()
    losses = torch.rand(4, dtype=torch.float64)
    weights = combine(meltr, losses).weights
    if start != 'random':
        base = torch.ones(4) if start == 'sum' else torch.eye(4)[0]
        torch.testing.assert_close(weights.detach(), base.double())
        nn.init.normal_(meltr.fc1.weight)
        weights = combine(meltr, losses).weights
    assert weights.abs().sum().item() == pytest.approx(total)
    with torch.no_grad():
        meltr.fc1.weight *= 7
        if meltr.base is not None:
            meltr.base *= 7
    torch.testing.assert_close(combine(meltr, losses).weights, weights)


def test_normalised_weights_of_divided_losses():
    meltr = MELTR(2, start='sum', scale_losses=True, normalise=True)
    meltr.observe(torch.tensor([10., 0.1]))
    weights = combine(meltr, torch.tensor([10., 0.1])).weights.detach()
    torch.testing.assert_close(weights, torch.tensor([0.1, 10.]))
    with torch.no_grad():  # the same of M times 3
        meltr.base *= 3
    torch.testing.assert_close(
        combine(meltr, torch.tensor([10., 0.1])).weights.detach(), weights)
