from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from meltr_mm.meltr.forward_mode import jvp
from meltr_mm.meltr.linear_outputs import LinearOutputs


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 16), nn.GELU(), nn.Linear(16, 16), nn.GELU(),
        nn.Linear(16, 4)).double()


def test_wide_layers_are_not_evaluated_again(monkeypatch):
    model, x = network(), torch.randn(6, 4).double()
    params = list(model.parameters())
    direction = [torch.randn_like(p) for p in params]
    expected = jvp(model, lambda: model(x), params, direction)

    rows, linear = [], F.linear

    def counted(inputs, *args):
        rows.append(len(inputs))
        return linear(inputs, *args)

    monkeypatch.setattr(F, 'linear', counted)
    outputs = LinearOutputs()
    with outputs.recording():
        model(x)
    rows.clear()
    result = jvp(model, lambda: model(x), params, direction, outputs)
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)
    # Tangents of three layers, the value of the square one, and one row
    # each to see that what was kept of the others fits.
    assert sorted(rows) == [1, 1, 6, 6, 6, 6]


def test_other_inputs_are_noticed():
    model = network()
    x, other = torch.randn(2, 6, 4).double()
    params = list(model.parameters())
    direction = [torch.randn_like(p) for p in params]
    outputs = LinearOutputs()
    with outputs.recording():
        model(other)
    torch.testing.assert_close(
        jvp(model, lambda: model(x), params, direction, outputs),
        jvp(model, lambda: model(x), params, direction),
        rtol=1e-12, atol=1e-12)


def test_an_output_is_used_once_in_order():
    layer = nn.Linear(2, 8).double()
    x, y = torch.randn(2, 3, 2).double()
    outputs = LinearOutputs()
    with outputs.recording():
        kept = [F.linear(v, layer.weight) for v in (x, y)]
    for v, expected in zip((x, y), kept, strict=True):
        assert outputs.take(v, layer.weight, None).data_ptr() == \
            expected.data_ptr()
    again = outputs.take(x, layer.weight, None)
    torch.testing.assert_close(again, kept[0])
    assert again.data_ptr() != kept[0].data_ptr()


def test_square_and_gradless_layers_are_not_kept():
    outputs = LinearOutputs()
    x = torch.randn(3, 4)
    square, wide = torch.randn(4, 4), torch.randn(8, 4)
    with outputs.recording():
        F.linear(x.requires_grad_(), square)
        F.linear(x.detach(), wide)
    assert not outputs._outputs


def saved_on_the_cpu(function, x):
    with torch.autograd.graph.save_on_cpu():
        return function(x)


@pytest.mark.parametrize('frugal', [
    partial(checkpoint, use_reentrant=False),
    partial(checkpoint, use_reentrant=True),
    saved_on_the_cpu,
], ids=['checkpoint', 'reentrant checkpoint', 'moved to the CPU'])
def test_what_the_graph_does_not_hold_is_not_kept(frugal):
    model, x = network(), torch.randn(6, 4).double().requires_grad_()
    outputs = LinearOutputs()
    with outputs.recording():
        y = frugal(model[:2], x)
        assert not outputs._outputs
        y = model[4](y)
    y.sum().backward()
    (_, shape), = outputs._outputs
    assert shape == (6, 16)
