"""The product against the plain algorithm of aid_in_sixty_lines.py."""
import copy
from functools import partial
from pathlib import Path

import aid_in_sixty_lines as plain
import pytest
import torch
from aid_building import build, phi, weights
from shared_trunk import SharedTrunk, batch
from test_forward_mode import CASES, D, TwoLosses
from test_hypergradient import (
    A,
    B,
    FusedAttention,
    Quadratic,
    SoftmaxWeights,
    losses_of,
    primary_of,
)
from test_wrapper import wrap

from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import hypergradient


def meltr_of(tasks):
    torch.manual_seed(0)
    return MELTR(tasks, (8, 16), 16).double().eval()


def stateless():
    """Models whose forward neither draws numbers nor writes anything."""
    torch.manual_seed(0)
    for network in (SharedTrunk, FusedAttention):
        model = network().double()
        yield (network.__name__, model, meltr_of(3),
               partial(primary_of, model, A), partial(losses_of, model, B))
    quadratic = Quadratic()
    yield ('quadratic', quadratic, SoftmaxWeights(), quadratic.value,
           quadratic.losses)
    x, y = (torch.randn(4, 6, D).double() for _ in range(2))
    for name, block in CASES.items():
        if 'dropout' in name or 'batch norm' in name or 'reentrant' in name:
            continue
        model = TwoLosses(copy.deepcopy(block)).double()
        yield (name, model, meltr_of(2), lambda m=model: m(x)[0],
               lambda m=model: m(y))


@pytest.mark.parametrize('case', list(stateless()), ids=lambda c: c[0])
@pytest.mark.parametrize('gamma', [0., 0.1])
def test_hypergradient_is_the_plain_one(case, gamma):
    _, model, meltr, primary, losses = case
    expected = plain.hypergradient(
        list(model.parameters()), meltr, primary, losses, gamma)
    for estimator in ('jvp', 'vjp'):
        result = hypergradient(model, meltr, primary, losses, gamma=gamma,
                               estimator=estimator)
        for (name, p), grad in zip(meltr.named_parameters(), expected):
            torch.testing.assert_close(
                result.grads.get(name, torch.zeros_like(p)), grad,
                rtol=1e-9, atol=1e-12, msg=f'{estimator}: {name}')


def test_training_is_the_plain_one():
    product, reference = wrap(), wrap()
    optim_wrapper = build(product, interval=2,
                          history=dict(capacity=1, eviction='fifo'))
    batches = [batch(n) for n in range(9)]
    for data in batches:
        product.train_step(data, optim_wrapper)
    model, meltr = reference.model, reference.meltr
    plain.train(
        list(model.parameters()), meltr, partial(losses_of, model), 0,
        batches, torch.optim.SGD(model.parameters(), 0.05),
        torch.optim.SGD(meltr.parameters(), 0.5), interval=2)
    assert optim_wrapper.meta_steps == 4
    torch.testing.assert_close(weights(product), weights(reference))
    torch.testing.assert_close(phi(product), phi(reference))
    assert not torch.equal(phi(product), phi(wrap()))


def test_it_is_shown_in_the_documents_and_short():
    text = Path(plain.__file__).read_text()
    assert len(text.splitlines()) <= 60
    page = Path(__file__).parents[2] / 'docs' / 'hypergradient.md'
    assert f'```python\n{text}```' in page.read_text()
