"""Each combiner against its closed form, or against torchjd."""
import math

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.registry import MODELS

from meltr_mm.combiners import GradientAggregator

LOSSES = [2., 0.5, 4.]


def build(kind, **options):
    return MODELS.build(dict(type=kind, num_tasks=3, **options))


def value_and_slopes(combiner, losses=LOSSES):
    losses = torch.tensor(losses, requires_grad=True)
    total = combiner(losses)
    assert total.shape == ()
    return total.item(), torch.autograd.grad(total, losses)[0].tolist()


@pytest.mark.parametrize('cfg,value,slopes', [
    (dict(kind='PlainSum'), 6.5, [1, 1, 1]),
    (dict(kind='PrimaryOnly', primary=1), 0.5, [0, 1, 0]),
    (dict(kind='FixedWeights', weights=[1, -2, .5]), 3., [1, -2, .5]),
    (dict(kind='UncertaintyWeights'), 6.5, [1, 1, 1]),
    (dict(kind='LearntWeights'), 6.5, [1, 1, 1]),
    (dict(kind='LearntWeights', start=[3, .1, 1]), 10.05, [3, .1, 1]),
    (dict(kind='LearntWeights', start=[3, 2, 1], normalise=True), 5.5,
     [1.5, 1, .5]),
    (dict(kind='DynamicWeightAverage'), 6.5, [1, 1, 1]),
    (dict(kind='MELTR', start='sum'), 6.5, [1, 1, 1]),
    (dict(kind='MELTR', start='primary', primary=2), 4., [0, 0, 1]),
])
def test_value_and_slopes_at_the_start(cfg, value, slopes):
    found = value_and_slopes(build(**cfg))
    assert found[0] == pytest.approx(value, rel=1e-5)
    assert found[1] == pytest.approx(slopes, rel=1e-5)


def test_each_loss_is_divided_by_its_first_mean():
    combiner = build('ScaledSum', iterations=3)
    assert value_and_slopes(combiner) == (6.5, [1, 1, 1])
    for factor in (1., 2., 6., 50.):  # of which the last is too late
        combiner.observe(factor * torch.tensor(LOSSES))
    value, slopes = value_and_slopes(combiner)
    assert value == pytest.approx(3 / 3)
    assert slopes == pytest.approx([1 / (3 * loss) for loss in LOSSES])
    again = build('ScaledSum', iterations=3)
    again.load_state_dict(combiner.state_dict())
    assert value_and_slopes(again)[1] == slopes


def test_the_others_fade():
    combiner = build('FadingSum', primary=1, iterations=40)
    assert value_and_slopes(combiner)[1] == [1, 1, 1]
    for done in range(1, 50):
        combiner.observe(torch.tensor(LOSSES))  # of sizes 2, 0.5 and 4
        if done in (10, 20, 30, 39, 40, 49):
            share = max(0, 1 - done / 40)
            value, slopes = value_and_slopes(combiner)
            assert slopes == pytest.approx([share / 4, 1, share / 8])
            assert value == pytest.approx(.5 + share)
    again = build('FadingSum', primary=1, iterations=40)
    again.load_state_dict(combiner.state_dict())  # a run that goes on
    assert value_and_slopes(again) == value_and_slopes(combiner)


def test_they_fade_until_half_of_a_training():
    """Whose length the Runner tells, and a checkpoint keeps."""
    hub = MessageHub.get_current_instance()
    hub.update_info('max_iters', 80)
    try:
        combiner = build('FadingSum', primary=1)
        for _ in range(10):
            combiner.observe(torch.tensor(LOSSES))
        assert value_and_slopes(combiner)[1][0] == pytest.approx(.75 / 4)
        hub.update_info('max_iters', 2)
        again = build('FadingSum', primary=1)
        again.load_state_dict(combiner.state_dict())
        again.observe(torch.tensor(LOSSES))
        assert value_and_slopes(again)[1][0] == pytest.approx(29 / 40 / 4)
        hub.update_info('max_iters', None)
        with pytest.raises(ValueError, match='half of its iterations'):
            build('FadingSum', primary=1).observe(torch.tensor(LOSSES))
    finally:
        hub.pop_info('max_iters')


def test_random_weights_are_those_of_torchjd():
    aggregation = pytest.importorskip('torchjd.aggregation')
    combiner = build('RandomWeights')
    torch.manual_seed(3)
    slopes = value_and_slopes(combiner)[1]
    torch.manual_seed(3)
    expected = 3 * aggregation.RandomWeighting()(torch.eye(3))
    assert slopes == pytest.approx(expected.tolist())
    assert value_and_slopes(combiner)[1] != pytest.approx(slopes)


def test_dynamic_weights_by_hand():
    combiner = build('DynamicWeightAverage', period=2, temperature=2.)
    for window in ([4., 1., 1.], [2., 2., 1.]):  # means of each window
        for sign in (-.5, .5):
            combiner.observe(torch.tensor(window) + sign)
        rates = window if window[0] == 4 else [.5, 2., 1.]
    powers = [math.exp(rate / 2) for rate in rates]
    expected = [3 * power / sum(powers) for power in powers]
    assert value_and_slopes(combiner)[1] == pytest.approx(expected)
    restored = build('DynamicWeightAverage', period=2)
    restored.load_state_dict(combiner.state_dict())
    assert value_and_slopes(restored)[1] == pytest.approx(expected)


def test_uncertainty_weights_settle_at_half_the_inverse_loss():
    combiner = build('UncertaintyWeights')
    optimizer = torch.optim.SGD(combiner.parameters(), lr=.2)
    for _ in range(500):
        optimizer.zero_grad()
        combiner(torch.tensor(LOSSES)).backward()
        optimizer.step()
    assert value_and_slopes(combiner)[1] == pytest.approx(
        [1 / (2 * loss) for loss in LOSSES], rel=1e-3)


def test_monotone_network_never_has_a_negative_slope():
    for seed in range(20):
        torch.manual_seed(seed)
        combiner = build('MonotoneNetwork', primary=0, hidden_dims=(8, 4))
        for param in combiner.parameters():
            param.data += 3 * torch.randn_like(param)
        slopes = value_and_slopes(combiner, [-5., 0., 100.])[1]
        assert min(slopes) >= 0 and slopes[0] >= 1
        losses = torch.tensor(LOSSES, requires_grad=True)
        weights, = torch.autograd.grad(
            combiner(losses), losses, create_graph=True)
        grads = torch.autograd.grad(
            weights.sum(), list(combiner.parameters()))
        assert any(grad.any() for grad in grads)


OPTIONS = dict(CAGrad=dict(c=.4), Constant=dict(weights=[1., 2., 0.]),
               UPGrad=dict(pref_vector=[1., .2, .2]))


@pytest.mark.parametrize('name', [
    'UPGrad', 'PCGrad', 'MGDA', 'AlignedMTL', 'DualProj', 'IMTLG', 'CAGrad',
    'NashMTL', 'Mean', 'Constant'])
def test_gradients_are_aggregated_as_by_torchjd(name):
    aggregation = pytest.importorskip('torchjd.aggregation')
    generator = torch.Generator().manual_seed(1)
    jacobian = torch.randn(3, 20, generator=generator)
    jacobian[2] -= jacobian[0]  # in conflict
    options = OPTIONS.get(name, {})
    try:
        combiner = build(
            'GradientAggregator', aggregator=name, options=options)
    except ImportError as error:  # of the solver that this method needs
        pytest.skip(str(error))
    torch.manual_seed(0)
    found = combiner.weights(jacobian @ jacobian.T)
    tensors = {k: torch.tensor(v) if isinstance(v, list) else v
               for k, v in options.items()}
    if name == 'NashMTL':
        tensors['n_tasks'] = 3
    torch.manual_seed(0)
    expected = getattr(aggregation, name)(**tensors)(jacobian)
    torch.testing.assert_close(
        found @ jacobian, expected, rtol=1e-3, atol=1e-4)
    assert value_and_slopes(combiner)[1] == pytest.approx(found.tolist())


@pytest.mark.parametrize('name', ['UPGrad', 'PCGrad', 'MGDA', 'AlignedMTL'])
def test_a_loss_with_a_model_of_its_own_stops_nobody(name):
    """torchjd would give it all that counts: its gradient is the shortest."""
    aggregation = pytest.importorskip('torchjd.aggregation')
    jacobian = torch.randn(3, 20, generator=torch.Generator().manual_seed(1))
    jacobian[1] = 0
    combiner = build('GradientAggregator', aggregator=name)
    torch.manual_seed(0)
    found = combiner.weights(jacobian @ jacobian.T)
    torch.manual_seed(0)
    expected = getattr(aggregation, name)()(jacobian[[0, 2]])
    torch.testing.assert_close(
        found @ jacobian, expected, rtol=1e-3, atol=1e-4)
    assert found[1] == 1 and found[0] > 0
    assert combiner.weights(torch.zeros(3, 3)).tolist() == [1, 1, 1]


def test_unusable_options_are_errors():
    with pytest.raises(ValueError, match='list of 3 numbers'):
        build('FixedWeights', weights=[1., 2.])
    with pytest.raises(ValueError, match='must be positive'):
        build('LearntWeights', start=[1., 0., 2.])
    with pytest.raises(ValueError, match='primary must be at most 2'):
        build('PrimaryOnly', primary=3)
    with pytest.raises(ValueError, match='needs primary'):
        build('MELTR', start='primary')
    with pytest.raises(ValueError, match='start must be one of'):
        build('MELTR', start='zero')


def test_an_aggregator_must_be_a_combination_of_gradients():
    pytest.importorskip('torchjd')
    for name in ('GradDrop', 'UpGrad'):
        with pytest.raises(ValueError, match=f"'UPGrad'.*got {name!r}"):
            GradientAggregator(3, name)
    with pytest.raises(TypeError, match='lr'):
        GradientAggregator(3, 'MGDA', dict(lr=1.))
