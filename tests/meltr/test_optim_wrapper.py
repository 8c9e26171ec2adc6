import copy
import gc
import logging

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from shared_trunk import TASKS, SharedTrunk, batch
from test_wrapper import wrap
from torch import nn

from meltr_mm.meltr import AIDOptimWrapper, AmpAIDOptimWrapper
from meltr_mm.meltr.hypergradient import hypergradient


def build(model, **kwargs):
    cfg = dict(
        type='AIDOptimWrapper',
        constructor='AIDOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=0.05),
        meta_optimizer=dict(type='SGD', lr=0.5),
        gamma=0.1,
        interval=1)
    cfg.update(kwargs)
    return build_optim_wrapper(model, cfg)


def phi(model):
    return nn.utils.parameters_to_vector(
        model.meltr.parameters()).detach().clone()


def weights(model):
    return nn.utils.parameters_to_vector(
        model.model.parameters()).detach().clone()


@pytest.fixture
def warnings():
    """What is logged as a warning."""
    records = []

    class Keep(logging.Handler):

        def emit(self, record):
            records.append(record.getMessage())

    logger = MMLogger.get_current_instance()
    handler = Keep(level=logging.WARNING)
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_one_iteration_by_hand():
    """w along dL/dw, then phi along the hypergradient at the new w."""
    model, data = wrap(), batch(0)
    expected = copy.deepcopy(model)
    build_wrapper = build(model)
    log = model.train_step(data, build_wrapper)

    loss, _ = expected.parse_losses(expected(**data, mode='loss'))
    params = list(expected.model.parameters())
    with torch.no_grad():
        for p, g in zip(params, torch.autograd.grad(loss, params),
                        strict=True):
            p -= 0.05 * g
    result = hypergradient(
        expected.model, expected.meltr,
        lambda: expected.task_losses(data, ('loss_a', )),
        lambda: expected.task_losses(data, TASKS),
        estimator='double_backward', gamma=0.1)
    for name, p in expected.meltr.named_parameters():
        p.data -= 0.5 * result.grads.get(name, torch.zeros_like(p))
    torch.testing.assert_close(weights(model), weights(expected))
    torch.testing.assert_close(phi(model), phi(expected))
    assert log['loss'].item() == pytest.approx(loss.item())


@pytest.mark.parametrize('begin,interval,expected', [
    (None, 3, [3, 6, 9]),  # VIOLET
    (1, 3, [1, 4, 7, 10]),  # UniVL: 0, 3, 6, ... counted from 0
    (1, 5, [1, 6]),  # All-in-one
])
def test_meta_steps_follow_the_updates(begin, interval, expected):
    model = wrap()
    optim_wrapper = build(model, begin=begin, interval=interval)
    steps = []
    for number in range(1, 11):
        before = phi(model)
        model.train_step(batch(number), optim_wrapper)
        if not torch.equal(before, phi(model)):
            steps.append(number)
    assert steps == expected
    assert optim_wrapper.meta_steps == len(expected)
    assert optim_wrapper.updates == 10


def test_history_gets_batches_as_they_left_the_loader():
    model = wrap()
    optim_wrapper = build(model, history=dict(capacity=2, eviction='fifo'))
    batches = [batch(n) for n in range(3)]
    for data in batches:
        model.train_step(data, optim_wrapper)
    for window, data in zip(
            optim_wrapper.history.batches, batches[1:], strict=True):
        torch.testing.assert_close(window, [data])


def test_meta_batches_from_a_loader_are_used_and_recur():
    model = wrap()
    kept = [batch(101), batch(102)]
    loader = torch.utils.data.DataLoader(
        kept, batch_size=None, shuffle=False)
    optim_wrapper = build(model)
    optim_wrapper.meta_batches._dataloader = loader
    seen = []
    task_losses = model.task_losses

    def spy(data, names):
        if names == ('loss_a', ):
            seen.append(data['inputs'])
        return task_losses(data, names)

    model.task_losses = spy
    optim_wrapper.hypergradient.chosen = 'jvp'
    for n in range(3):
        model.train_step(batch(n), optim_wrapper)
    for inputs, number in zip(seen, (101, 102, 101), strict=True):
        assert torch.equal(inputs, batch(number)['inputs'])


def test_empty_meta_loader_is_an_error_not_a_hang():
    model = wrap()
    optim_wrapper = build(model)
    optim_wrapper.meta_batches._dataloader = torch.utils.data.DataLoader(
        [batch(1)], batch_size=2, drop_last=True)
    with pytest.raises(ValueError, match='meta_dataloader must yield'):
        model.train_step(batch(0), optim_wrapper)


def test_accumulation_counts_updates_and_keeps_windows():
    model = wrap()
    optim_wrapper = build(model, accumulative_counts=4, interval=2)
    before = weights(model)
    for number in range(3):
        model.train_step(batch(number), optim_wrapper)
    assert torch.equal(weights(model), before)
    for number in range(3, 17):
        model.train_step(batch(number), optim_wrapper)
    assert optim_wrapper.updates == 4 and optim_wrapper.meta_steps == 2
    windows = optim_wrapper.history.batches
    assert [len(window) for window in windows] == [4] * 4
    assert torch.equal(windows[1][2]['inputs'], batch(6)['inputs'])


def test_accumulated_meta_step_equals_the_whole_batch():
    whole, parts = wrap(), wrap()
    one, four = build(whole), build(parts)
    data = batch(0, size=8)
    for model, optim_wrapper, window in (
            (whole, one, [data]),
            (parts, four, [{k: v[2 * i:2 * i + 2] for k, v in data.items()}
                           for i in range(4)])):
        optim_wrapper._attach(model)
        optim_wrapper.meta_step(window)
    torch.testing.assert_close(phi(parts), phi(whole))
    assert not torch.equal(phi(whole), phi(wrap()))


def test_clipping_of_both():
    model = wrap()
    optim_wrapper = build(
        model, clip_grad=dict(max_norm=1e-3),
        meta_clip_grad=dict(max_norm=1e-4))
    w, p = weights(model), phi(model)
    model.train_step(batch(0), optim_wrapper)
    assert (weights(model) - w).norm() == pytest.approx(0.05e-3, rel=1e-3)
    assert (phi(model) - p).norm() == pytest.approx(0.5e-4, rel=1e-2)
    scalars = MessageHub.get_current_instance().log_scalars
    assert {'train/grad_norm', 'train/meta_grad_norm',
            'train/meta_objective'} <= scalars.keys()


def test_learning_rates_are_seen_and_scheduled():
    model = wrap()
    optim_wrapper = build(model)
    assert optim_wrapper.get_lr() == dict(lr=[0.05], meta_lr=[0.5])
    scheduler = PARAM_SCHEDULERS.build(
        dict(type='MetaOptimizerScheduler',
             scheduler=dict(type='ExponentialLR', gamma=0.1)),
        default_args=dict(optimizer=optim_wrapper, epoch_length=3))
    model.train_step(batch(0), optim_wrapper)
    scheduler.step()
    rates = optim_wrapper.get_lr()
    assert rates['lr'] == [0.05]
    assert rates['meta_lr'] == pytest.approx([0.05])


def test_paramwise_cfg_names_the_bare_model():
    model = wrap()
    optim_wrapper = build(
        model,
        paramwise_cfg=dict(custom_keys={'trunk': dict(lr_mult=0.1)}))
    trunk = {id(p) for p in model.model.trunk.parameters()}
    for group in optim_wrapper.optimizer.param_groups:
        inside = id(group['params'][0]) in trunk
        assert group['lr'] == pytest.approx(0.005 if inside else 0.05)
    own = {id(p) for p in model.meltr.parameters()}
    assert own == {id(p) for g in optim_wrapper.meta_optimizer.param_groups
                   for p in g['params']}


def test_state_round_trip_continues_bit_for_bit():
    adam = dict(optimizer=dict(type='AdamW', lr=1e-2),
                meta_optimizer=dict(type='AdamW', lr=1e-2), interval=2)
    model = wrap()
    optim_wrapper = build(model, **adam)
    for n in range(5):
        model.train_step(batch(n), optim_wrapper)
    resumed = wrap()
    resumed.load_state_dict(copy.deepcopy(model.state_dict()))
    other = build(resumed, **adam)
    state = copy.deepcopy(optim_wrapper.state_dict())
    other.load_state_dict(state)
    assert (other.updates, other.meta_steps) == (5, 2)
    other.history.batches = list(optim_wrapper.history.batches)
    for n in range(5, 9):
        model.train_step(batch(n), optim_wrapper)
        resumed.train_step(batch(n), other)
    assert torch.equal(weights(model), weights(resumed))
    assert torch.equal(phi(model), phi(resumed))


def test_loads_what_a_plain_wrapper_saved(warnings):
    model = wrap()
    plain = build_optim_wrapper(
        model.model, dict(optimizer=dict(type='SGD', lr=0.05)))
    build(model).load_state_dict(plain.state_dict())
    assert any('start afresh' in w for w in warnings)


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


class NoForwardMode(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad


class StopsTangents(torch.autograd.Function):
    """Silently differs: a wrong forward-mode rule."""

    @staticmethod
    def forward(x):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad):
        return grad

    @staticmethod
    def jvp(ctx, tangent):
        return 3 * tangent


@pytest.mark.parametrize('function,reason', [
    (NoForwardMode, 'forward mode is not possible here'),
    (StopsTangents, 'differ by'),
])
def test_auto_falls_back_with_one_warning(function, reason, warnings):
    model = wrap()
    trunk = model.model.trunk.forward
    model.model.trunk.forward = lambda x: function.apply(trunk(x))
    optim_wrapper = build(model)
    for n in range(3):
        model.train_step(batch(n), optim_wrapper)
    assert optim_wrapper.hypergradient.chosen == 'vjp'
    assert sum(reason in w for w in warnings) == 1
    assert optim_wrapper.meta_steps == 3


def test_auto_takes_jvp_where_it_is_right():
    model = wrap()
    optim_wrapper = build(model)
    model.train_step(batch(0), optim_wrapper)
    assert optim_wrapper.hypergradient.chosen == 'jvp'


@pytest.mark.parametrize('estimator', ['auto', 'vjp'])
def test_compiled_model_trains_as_the_plain_one(estimator):
    runs = []
    for compiled in (False, True):
        model = wrap()
        if compiled:
            model.model.trunk.compile(backend='aot_eager')
        optim_wrapper = build(model, estimator=estimator)
        for n in range(4):
            model.train_step(batch(n), optim_wrapper)
        assert optim_wrapper.meta_steps == 4
        runs.append((weights(model), phi(model)))
    torch.testing.assert_close(*runs, rtol=1e-9, atol=1e-12)


def test_bfloat16_autocast():
    """The hypergradient under bf16 autocast is near that of float32."""
    grads = {}
    for dtype in (torch.float32, torch.bfloat16):
        model = wrap().float()
        data = batch(0, size=64, dtype=torch.float32)
        kwargs = dict(type='AmpAIDOptimWrapper', dtype='bfloat16')
        optim_wrapper = build(
            model, **(kwargs if dtype == torch.bfloat16 else {}))
        with optim_wrapper._precision():
            assert torch.is_autocast_enabled('cpu') == (
                dtype == torch.bfloat16)
        before = phi(model)
        model.train_step(data, optim_wrapper)
        grads[dtype] = phi(model) - before
    assert isinstance(optim_wrapper, AmpAIDOptimWrapper)
    error = (grads[torch.bfloat16] - grads[torch.float32]).norm()
    assert error / grads[torch.float32].norm() < 0.03


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_float16_with_a_scaler():
    """Losses are scaled for the backward passes, the result is not."""
    grads = {}
    for dtype in ('float32', 'float16'):
        model = wrap().float().cuda()
        data = batch(0, size=64, dtype=torch.float32)
        kwargs = dict(type='AmpAIDOptimWrapper', dtype='float16')
        optim_wrapper = build(model, **(kwargs if dtype == 'float16' else {}))
        before = phi(model)
        model.train_step(data, optim_wrapper)
        assert optim_wrapper.meta_steps == 1
        grads[dtype] = phi(model) - before
    error = (grads['float16'] - grads['float32']).norm()
    assert error / grads['float32'].norm() < 0.03


@pytest.mark.parametrize('options', [
    dict(), dict(estimator='vjp'), dict(shared_batch=True),
    dict(inverse_hessian=dict(type='Neumann', terms=1)),
    dict(estimator='finite_difference')], ids=str)
def test_memory_does_not_grow(options):
    """No graph of a past meta step is kept alive."""
    model = wrap()
    optim_wrapper = build(model, history=dict(capacity=3), **options)
    alive = []
    for n in range(50):
        model.train_step(batch(n), optim_wrapper)
        if n in (10, 49):
            gc.collect()
            alive.append(sum(
                isinstance(o, torch.Tensor) for o in gc.get_objects()))
    assert optim_wrapper.meta_steps == 50
    assert alive[0] == alive[1]


def test_mistakes_in_the_config_are_named():
    model = wrap()
    with pytest.raises(ValueError, match="'magic'"):
        build(model, estimator='magic')
    with pytest.raises(ValueError, match='interval must be positive'):
        build(model, interval=0)
    with pytest.raises(KeyError, match='meta_optimizer'):
        build_optim_wrapper(
            model,
            dict(constructor='AIDOptimWrapperConstructor',
                 optimizer=dict(type='SGD', lr=0.1)))
    with pytest.raises(TypeError, match='SharedTrunk'):
        build(SharedTrunk())
    bare = SharedTrunk().double()
    optim_wrapper = AIDOptimWrapper(
        optimizer=torch.optim.SGD(bare.parameters(), 0.1),
        meta_optimizer=torch.optim.SGD(bare.parameters(), 0.1))
    with pytest.raises(TypeError, match="type='MELTRWrapper'"):
        bare.train_step(batch(0), optim_wrapper)


def test_a_plain_wrapper_is_told_that_meltr_is_not_trained(warnings):
    model = wrap()
    model.learns_meltr = False
    plain = build_optim_wrapper(
        model, dict(optimizer=dict(type='SGD', lr=0.05)))
    for n in range(2):
        model.train_step(batch(n), plain)
    assert sum('without AIDOptimWrapper' in w for w in warnings) == 1
