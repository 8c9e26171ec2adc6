"""Models that write buffers or weights in their forward: no trace, one start.
"""
import pytest
import torch
from aid_building import build, phi
from mmengine.model import BaseModel, ExponentialMovingAverage
from shared_trunk import batch
from torch import nn

from meltr_mm.meltr import MELTR, MELTRWrapper
from meltr_mm.meltr.hypergradient import hypergradient

TASKS = ('loss_a', 'loss_b')


class Stateful(BaseModel):
    """Two losses, one of which depends on what the forward keeps."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(5, 3)
        self.register_buffer('kept', torch.zeros(3))
        self.prepare()

    def prepare(self):
        pass

    def forward(self, inputs, targets=None, mode='tensor'):
        y = self.trunk(inputs)
        z = self.before(inputs, y)
        losses = dict(loss_a=(y - targets).square().mean(),
                      loss_b=(y - z - self.kept).abs().mean())
        self.after(y)
        return losses

    def before(self, inputs, y):
        return 0.

    def after(self, y):
        pass


class CentreInPlace(Stateful):

    def after(self, y):
        with torch.no_grad():
            self.kept.mul_(.5).add_(.5 * y.mean(0))


class CentreReplaced(Stateful):
    """Reads what it wrote: a derivative does not see through no_grad."""

    def before(self, inputs, y):
        with torch.no_grad():
            self.kept = .9 * self.kept + .1 * y.mean(0)
        return 0.


class Queue(Stateful):
    """As in MoCo: a queue and its pointer, written in place."""

    def prepare(self):
        self.register_buffer('queue', torch.randn(7, 3))
        self.register_buffer('at', torch.zeros(1, dtype=torch.long))

    def before(self, inputs, y):
        return (y @ self.queue.clone().detach().T).softmax(-1) @ \
            self.queue.clone().detach()

    def after(self, y):
        with torch.no_grad():
            at = int(self.at)
            self.queue[at] = y[0]
            self.at[0] = (at + 1) % 7


class AveragedTeacher(Stateful):
    """MMEngine's own average, which writes through .data."""
    interval = 1

    def prepare(self):
        self.teacher = ExponentialMovingAverage(
            self.trunk, momentum=.1, interval=self.interval)

    def before(self, inputs, y):
        with torch.no_grad():
            self.teacher.update_parameters(self.trunk)
            return self.teacher(inputs)


class SlowTeacher(AveragedTeacher):
    interval = 2


class NormalisedWeight(Stateful):
    """Writes a weight that is trained, as clustering heads do."""

    def prepare(self):
        self.prototypes = nn.Linear(3, 3, bias=False)

    def before(self, inputs, y):
        weight = self.prototypes.weight.data
        self.prototypes.weight.data = weight / weight.norm(dim=1)[:, None]
        return self.prototypes(y)


class LazyBuffer(Stateful):
    """A buffer that is None until the first forward."""

    def prepare(self):
        self.register_buffer('lazy', None)

    def before(self, inputs, y):
        if self.lazy is None:
            self.lazy = y.detach().mean(0)
        return self.lazy


KINDS = [CentreInPlace, CentreReplaced, Queue, AveragedTeacher, SlowTeacher,
         NormalisedWeight, LazyBuffer]


def contents(model):
    state = {k: v.clone() for k, v in model.named_parameters()}
    state.update((k, v.clone()) for k, v in model.named_buffers())
    return state


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def stateful(request):
    torch.manual_seed(0)
    model = request.param().double()
    model(**batch(5), mode='loss')  # the averages start at the second
    meltr = MELTR(2, (8, 16), 16).double().eval()
    return model, meltr


def run(model, meltr, estimator, gamma=0.1):
    return hypergradient(
        model, meltr, lambda: model(**batch(1), mode='loss')['loss_a'],
        lambda: torch.stack(list(model(**batch(2), mode='loss').values())),
        estimator=estimator, gamma=gamma,
        moving=[p for n, p in model.named_parameters()
                if not p.requires_grad or 'prototypes' in n])


@pytest.mark.parametrize('gamma', [0., 0.1])
def test_exact_estimators_agree(stateful, gamma):
    before = contents(stateful[0])
    results = [run(*stateful, estimator, gamma)
               for estimator in ('double_backward', 'vjp', 'jvp')]
    for result in results[1:]:
        torch.testing.assert_close(
            result.grads, results[0].grads, rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(result.losses, results[0].losses)
    after = contents(stateful[0])
    assert after.keys() == before.keys()
    assert all(torch.equal(after[k], before[k]) for k in before)


@pytest.mark.parametrize('kind', [CentreInPlace, Queue, NormalisedWeight])
def test_finite_differences_start_there_too(kind):
    torch.manual_seed(0)
    model, meltr = kind().double(), MELTR(2, (8, 16), 16).double().eval()
    before = contents(model)
    exact = run(model, meltr, 'jvp').products
    near = run(model, meltr, 'finite_difference').products
    assert (near - exact).abs().max() < 1e-2 * exact.abs().max()
    after = contents(model)
    assert all(torch.equal(after[k], before[k]) for k in before)


@pytest.mark.parametrize('interval', [1, 3])
@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.__name__)
def test_training_moves_state_once_per_update(kind, interval):
    """With meta steps as without; `auto` takes the forward mode."""
    runs = []
    for every in (interval, 1000):
        torch.manual_seed(0)
        wrapper = MELTRWrapper(kind(), dict(type='MELTR', dropout=0.), TASKS,
                               TASKS[0]).double()
        optim_wrapper = build(
            wrapper, interval=every, meta_optimizer=dict(type='SGD', lr=0.))
        for n in range(7):
            wrapper.train_step(batch(n), optim_wrapper)
        runs.append(contents(wrapper.model))
        if every == interval:
            assert optim_wrapper.meta_steps == 7 // interval
            assert optim_wrapper.estimator.chosen == 'jvp'
    assert runs[0].keys() == runs[1].keys()
    for name in runs[0]:
        assert torch.equal(runs[0][name], runs[1][name]), name


def test_an_error_restores_all(stateful):
    model, meltr = stateful
    before = contents(model)

    def fails():
        model(**batch(2), mode='loss')
        raise RuntimeError('out of memory')

    with pytest.raises(RuntimeError, match='out of memory'):
        hypergradient(
            model, meltr, lambda: model(**batch(1), mode='loss')['loss_a'],
            fails, moving=list(model.parameters()))
    after = contents(model)
    assert all(torch.equal(after[k], before[k]) for k in before)


def test_phi_learns_beside_a_teacher():
    torch.manual_seed(0)
    wrapper = MELTRWrapper(AveragedTeacher(), dict(type='MELTR'), TASKS,
                           TASKS[0]).double()
    before = phi(wrapper)
    optim_wrapper = build(wrapper)
    wrapper.train_step(batch(0), optim_wrapper)
    assert not torch.equal(phi(wrapper), before)
