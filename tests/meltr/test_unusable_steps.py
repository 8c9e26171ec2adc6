"""Never silently wrong: what is not finite trains nothing, and says so."""
import pytest
import torch
from aid_building import build, phi, weights
from shared_trunk import SharedTrunk, batch
from test_wrapper import wrap


class Poisoned(SharedTrunk):
    """Some of its losses, or their gradients, are not finite on demand."""
    poison = {}

    def forward(self, inputs, targets=None, mode='tensor'):
        losses = super().forward(inputs, targets, mode)
        for name, value in (self.poison if mode == 'loss' else {}).items():
            if value == 'gradient':
                # d sqrt(x)/dx at 0 is infinite, and its value is finite.
                zero = self.trunk[0].weight.sum() * 0
                losses[name] = losses[name] + zero.sqrt()
            else:
                losses[name] = losses[name] * value
        return losses


@pytest.mark.parametrize('value', [float('nan'), float('inf'), 'gradient'])
def test_unusable_update_leaves_all_weights_alone(value, warnings):
    model = wrap(Poisoned())
    optim_wrapper = build(model)
    model.train_step(batch(0), optim_wrapper)
    before = weights(model), phi(model)
    model.model.poison = dict(loss_b=value)
    model.train_step(batch(1), optim_wrapper)
    assert torch.equal(weights(model), before[0])
    assert torch.equal(phi(model), before[1])
    expected = 'gradient of the model' if value == 'gradient' else 'loss_b'
    assert any(expected in w and 'update skipped (1 in a row)' in w
               for w in warnings)
    assert len(optim_wrapper.history) == 1  # nothing bad to draw later

    model.model.poison = {}
    model.train_step(batch(2), optim_wrapper)
    assert not torch.equal(weights(model), before[0])
    assert optim_wrapper.skips.in_a_row['parameter update'] == 0


@pytest.mark.parametrize('estimator', ['auto', 'jvp', 'vjp'])
@pytest.mark.parametrize('value', [float('nan'), float('inf'), 'gradient'])
@pytest.mark.parametrize('task', ['loss_a', 'loss_c'])
def test_unusable_meta_step_leaves_phi_alone(task, value, estimator,
                                             warnings):
    model = wrap(Poisoned())
    optim_wrapper = build(model, estimator=estimator)
    step = optim_wrapper.meta_step

    def poisoned_step(window):
        model.model.poison = {task: value}
        step(window)
        model.model.poison = {}

    optim_wrapper.meta_step = poisoned_step
    before = phi(model)
    model.train_step(batch(0), optim_wrapper)
    assert torch.equal(phi(model), before)
    assert optim_wrapper.meta_steps == 0
    assert all(not s for s in optim_wrapper.meta_optimizer.state.values())
    assert any('meta step skipped (1 in a row)' in w for w in warnings)
    if value != 'gradient':
        assert any(task in w for w in warnings)

    optim_wrapper.meta_step = step
    model.train_step(batch(1), optim_wrapper)
    assert optim_wrapper.meta_steps == 1
    assert not torch.equal(phi(model), before)


def test_non_finite_output_of_meltr(warnings):
    model = wrap()
    optim_wrapper = build(model)
    model.meltr.fc1.weight.data[0, 0] = float('nan')
    before = weights(model)
    model.train_step(batch(0), optim_wrapper)
    assert torch.equal(weights(model), before)
    assert any('MELTR output' in w for w in warnings)


def test_training_stops_after_max_skips():
    model = wrap(Poisoned())
    optim_wrapper = build(model, max_skips=3)
    model.model.poison = dict(loss_b=float('nan'))
    for n in range(2):
        model.train_step(batch(n), optim_wrapper)
    with pytest.raises(FloatingPointError, match=(
            r'non-finite loss_b.*max_skips=3.*--resume')):
        model.train_step(batch(2), optim_wrapper)


def test_bad_micro_batch_skips_its_update_only():
    model = wrap(Poisoned())
    optim_wrapper = build(model, accumulative_counts=2)
    before = weights(model)
    model.train_step(batch(0), optim_wrapper)
    model.model.poison = dict(loss_b=float('nan'))
    model.train_step(batch(1), optim_wrapper)
    model.model.poison = {}
    assert torch.equal(weights(model), before)
    assert all(p.grad is None for p in model.model.parameters())
    for n in (2, 3):
        model.train_step(batch(n), optim_wrapper)
    assert not torch.equal(weights(model), before)
    assert optim_wrapper.updates == 1
