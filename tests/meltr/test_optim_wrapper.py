import copy
import gc
from unittest.mock import patch

import pytest
import torch
from aid_building import build, phi, weights
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmengine.runner import Runner
from shared_trunk import TASKS, SharedTrunk, batch
from test_wrapper import wrap
from torch.utils.data import DataLoader
from zip_equal import zip_equal

from meltr_mm._torch import is_autocast_enabled
from meltr_mm.meltr import AIDOptimWrapper, AmpAIDOptimWrapper, MELTRWrapper
from meltr_mm.meltr.history import HeldOutBatches
from meltr_mm.meltr.hypergradient import hypergradient


def test_one_iteration_by_hand():
    """w along dL/dw, then phi along the hypergradient at the new w."""
    model, data = wrap(), batch(0)
    expected = copy.deepcopy(model)
    build_wrapper = build(model)
    log = model.train_step(data, build_wrapper)

    loss, _ = expected.parse_losses(expected(**data, mode='loss'))
    params = list(expected.model.parameters())
    with torch.no_grad():
        for p, g in zip_equal(params, torch.autograd.grad(loss, params)):
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
    for window, data in zip_equal(
            optim_wrapper.history.batches, batches[1:]):
        torch.testing.assert_close(window, [data])


def test_meta_batches_from_a_loader_are_used_and_recur():
    model = wrap()
    kept = [batch(101), batch(102)]
    loader = torch.utils.data.DataLoader(
        kept, batch_size=None, shuffle=False)
    optim_wrapper = build(model)
    optim_wrapper.held_out = HeldOutBatches(loader)
    seen = []
    task_losses = model.task_losses

    def spy(data, names):
        if names == ('loss_a', ):
            seen.append(data['inputs'])
        return task_losses(data, names)

    model.task_losses = spy
    optim_wrapper.estimator.chosen = 'jvp'
    for n in range(3):
        model.train_step(batch(n), optim_wrapper)
    for inputs, number in zip_equal(seen, (101, 102, 101)):
        assert torch.equal(inputs, batch(number)['inputs'])


def test_empty_meta_loader_is_an_error_not_a_hang():
    model = wrap()
    optim_wrapper = build(model)
    optim_wrapper.held_out = HeldOutBatches(torch.utils.data.DataLoader(
        [batch(1)], batch_size=2, drop_last=True))
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


@pytest.mark.parametrize('outer', [
    dict(by_epoch=False), dict(convert_to_iter_based=True)])
def test_a_schedule_ends_with_the_run(outer, tmp_path):
    """MMEngine counts the length of the run for the outer scheduler."""
    model = wrap()
    optim_wrapper = build(model)
    runner = Runner(
        model=model, work_dir=str(tmp_path), default_scope='mmaction',
        train_dataloader=DataLoader(
            [batch(n) for n in range(4)],
                collate_fn=lambda batches: batches[0]),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=optim_wrapper, default_hooks=dict(checkpoint=None),
        experiment_name=f'schedule_{list(outer)[0]}',
        param_scheduler=dict(
            type='MetaOptimizerScheduler', **outer,
            scheduler=dict(type='LinearLR', start_factor=1., end_factor=0.)))
    rates = []
    runner.register_hook(ReadRate(rates))
    runner.train()
    assert rates == pytest.approx([0.5 * (1 - n / 11) for n in range(12)])
    for wrong in (dict(by_epoch=False), dict(convert_to_iter_based=True)):
        with pytest.raises(ValueError, match='beside `scheduler`'):
            PARAM_SCHEDULERS.build(
                dict(type='MetaOptimizerScheduler',
                     scheduler=dict(type='LinearLR', **wrong)),
                default_args=dict(optimizer=optim_wrapper, epoch_length=3))


class ReadRate(Hook):

    def __init__(self, rates):
        self.rates = rates

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates += runner.optim_wrapper.get_lr()['meta_lr']


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


def test_bfloat16_autocast():
    """The hypergradient under bf16 autocast is near that of float32."""
    grads = {}
    device = get_device()  # the one that MMEngine's autocast is for
    for dtype in (torch.float32, torch.bfloat16):
        model = wrap().float().to(device)
        data = batch(0, size=64, dtype=torch.float32)
        kwargs = dict(type='AmpAIDOptimWrapper', dtype='bfloat16')
        optim_wrapper = build(
            model, **(kwargs if dtype == torch.bfloat16 else {}))
        with optim_wrapper._precision():
            assert is_autocast_enabled(torch.device(device)) == (
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
    dict(), dict(estimator='vjp'),
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
    assert alive[0] >= alive[1]  # other tests' may go meanwhile


def test_mistakes_in_the_config_are_named():
    model = wrap()
    with pytest.raises(TypeError, match=(
            "AIDOptimWrapper has no option 'intervall'; did you mean "
            "'interval'.*'clip_grad'")):
        build(wrap(), intervall=2)
    with pytest.raises(TypeError, match="no option 'loss_scale'"):
        build(wrap(), loss_scale=2.)
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
    with pytest.raises(TypeError, match="'AIDOptimWrapperConstructor'"):
        AIDOptimWrapper(
            optimizer=torch.optim.SGD(bare.parameters(), 0.1),
            meta_optimizer=dict(type='SGD', lr=0.1))
    sharded = build(model)
    with patch('meltr_mm.meltr.wrapper.is_model_wrapper',
               lambda module: True):
        with pytest.raises(TypeError, match=(
                'whole on each process.*FSDP and DeepSpeed.*'
                'use MMDistributedDataParallel')):
            sharded._attach(model)


def test_tasks_and_size_of_a_resumed_run():
    model = wrap()
    optim_wrapper = build(model, meta_optimizer=dict(type='Adam', lr=0.1))
    model.train_step(batch(0), optim_wrapper)
    state = optim_wrapper.state_dict()
    adam = dict(meta_optimizer=dict(type='Adam', lr=0.1))
    same = wrap()
    resumed = build(same, **adam)
    resumed.load_state_dict(copy.deepcopy(state))
    assert resumed.state_dict()['aid']['tasks'] == state['aid']['tasks']
    same.train_step(batch(1), resumed)
    other = wrap(losses=('loss_b', 'loss_a', 'loss_c'))
    resumed = build(other, **adam)
    resumed.load_state_dict(copy.deepcopy(state))
    with pytest.raises(ValueError, match=r"in the same order.*\['loss_a', "
                       r"'loss_b', 'loss_c'\].*\['loss_b', 'loss_a'"):
        other.train_step(batch(1), resumed)
    fewer = build(wrap(losses=('loss_a', 'loss_b')), **adam)
    with pytest.raises(ValueError, match='a MELTR of the size that it has'):
        fewer.load_state_dict(copy.deepcopy(state))


class MomentumEncoder(SharedTrunk):
    """Has a frozen copy that follows the trunk, once per forward."""

    def __init__(self, replaces):
        super().__init__()
        self.slow = copy.deepcopy(self.trunk).requires_grad_(False)
        self.replaces = replaces

    def forward(self, inputs, targets=None, mode='tensor'):
        for slow, fast in zip(
                self.slow.parameters(), self.trunk.parameters()):
            if self.replaces:
                slow.data = 0.9 * slow.data + 0.1 * fast.data
            else:
                slow.data.mul_(0.9).add_(fast.data, alpha=0.1)
        return super().forward(inputs, targets, mode)


@pytest.mark.parametrize('replaces', [False, True])
@pytest.mark.parametrize('estimator', ['jvp', 'vjp'])
def test_a_momentum_encoder_moves_once_per_update(replaces, estimator):
    torch.manual_seed(0)
    wrapped = MELTRWrapper(MomentumEncoder(replaces), dict(type='MELTR'),
                           TASKS, TASKS[0]).double()
    optim_wrapper = build(wrapped, estimator=estimator)
    for n in range(4):
        expected = [0.9 * s + 0.1 * f for s, f in zip_equal(
            wrapped.model.slow.state_dict().values(),
            wrapped.model.trunk.state_dict().values())]
        wrapped.train_step(batch(n), optim_wrapper)
        torch.testing.assert_close(
            list(wrapped.model.slow.state_dict().values()), expected)
    assert optim_wrapper.meta_steps == 4


def test_a_plain_wrapper_is_told_that_meltr_is_not_trained(warnings):
    model = wrap()
    model.trained_by_aid = False
    plain = build_optim_wrapper(
        model, dict(optimizer=dict(type='SGD', lr=0.05)))
    for n in range(2):
        model.train_step(batch(n), plain)
    assert sum('without AIDOptimWrapper' in w for w in warnings) == 1


def test_an_update_needs_a_model():
    model = wrap()
    optim_wrapper = build(model)
    with pytest.raises(RuntimeError, match='must follow optim_context'):
        optim_wrapper.update_params(torch.zeros(()))


class Graphless(SharedTrunk):
    """Whose primary loss has no graph on some batches."""

    def forward(self, inputs, targets=None, mode='tensor'):
        losses = super().forward(inputs, targets, mode)
        losses['loss_a'] = losses['loss_a'].detach()
        return losses


def test_a_primary_loss_without_a_graph_counts_as_zero(warnings):
    model = wrap(Graphless())
    optim_wrapper = build(model, gamma=0., max_skips=3)
    before = phi(model)
    for n in range(2):
        model.train_step(batch(n), optim_wrapper)
    assert optim_wrapper.meta_steps == 2
    assert torch.equal(phi(model), before)
    assert sum('loss_a has no graph' in w for w in warnings) == 1
    with pytest.raises(FloatingPointError, match='loss_a has no graph'):
        model.train_step(batch(2), optim_wrapper)


def test_combiners_without_meta_steps_need_no_meta_optimizer():
    for kind in ('PlainSum', 'UncertaintyWeights'):
        torch.manual_seed(0)
        model = MELTRWrapper(SharedTrunk(), dict(type=kind), TASKS,
                             TASKS[0]).double()
        optim_wrapper = build(model, meta_optimizer=dict(type='SGD', lr=1.))
        assert optim_wrapper.meta_optimizer is None
        start = [p.clone() for p in model.meltr.parameters()]
        for n in range(3):
            model.train_step(batch(n), optim_wrapper)
        assert optim_wrapper.meta_steps == 0
        assert not len(optim_wrapper.history)
        assert 'meta_lr' not in optim_wrapper.get_lr()
        assert all(not torch.equal(p, q)
                   for p, q in zip(start, model.meltr.parameters()))
        state = optim_wrapper.state_dict()
        build(model).load_state_dict(state)
