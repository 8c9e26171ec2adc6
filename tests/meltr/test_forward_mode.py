"""Where forward mode would differ from reverse mode, or fail, by itself."""
import copy
import threading
import time

import pytest
import torch
import torch.nn.functional as F
from shared_trunk import NoForwardMode
from torch import nn
from torch.utils.checkpoint import checkpoint
from zip_equal import zip_equal

from meltr_mm.autodiff.forward_mode import jvp

D = 8


class TwoLosses(nn.Module):
    """A trunk, the block under test, and two scalar losses."""

    def __init__(self, block):
        super().__init__()
        self.trunk, self.block = nn.Linear(D, D), block
        self.head = nn.Linear(D, 2)

    def forward(self, x):
        return self.head(self.block(self.trunk(x))).square().flatten(
            0, -2).mean(0)


class Attention(nn.Module):

    def forward(self, x):
        q = x.view(*x.shape[:2], 2, D // 2).transpose(1, 2)
        return F.scaled_dot_product_attention(
            q, q, q, is_causal=True).transpose(1, 2).flatten(2)


class SoftTargets(nn.Module):
    """A product with targets that the model computes without gradient."""

    def __init__(self, switch):
        super().__init__()
        self.switch, self.linear = switch, nn.Linear(D, D)

    def forward(self, x):
        with self.switch():
            targets = self.linear(x).softmax(-1)
            with torch.enable_grad():
                inside = self.linear(x)
        return x * targets + inside


class Decorated(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(D, D)

    @torch.no_grad()
    def targets(self, x):
        return self.linear(x)

    def forward(self, x):
        return x * self.targets(x)


class InferenceMode(nn.Module):

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(D, D)

    def forward(self, x):
        with torch.inference_mode():
            constant = self.linear(x)
        return x + constant


class Detached(nn.Module):

    def forward(self, x):
        return x * x.detach().exp()


class Checkpointed(nn.Module):

    def __init__(self, reentrant):
        super().__init__()
        self.inner, self.reentrant = nn.Linear(D, D), reentrant
        self.with_cp = True

    def forward(self, x):
        if not self.with_cp:
            return self.inner(x).tanh()
        return checkpoint(
            lambda y: self.inner(y).tanh(), x, use_reentrant=self.reentrant)


class CheckpointedAlways(Checkpointed):
    """Calls torch directly: no flag that could be switched off."""

    def forward(self, x):
        return checkpoint(
            lambda y: self.inner(y).tanh(), x, use_reentrant=self.reentrant)


class PaddedEmbedding(nn.Module):
    """Input and output embedding are tied, and some inputs are padding."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(5, D, padding_idx=0)
        self.words.weight.data.normal_()

    def forward(self, x):
        ids = torch.arange(x.shape[1]) % 3
        words = self.words(ids)
        return x + words + (x @ self.words.weight.T) @ self.words.weight


class Recurrent(nn.Module):

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(D, D, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


class Norm(nn.Module):

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(D)

    def forward(self, x):
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


def encoder_layer(dropout):
    return nn.TransformerEncoderLayer(D, 2, 16, dropout, batch_first=True)


CASES = {
    'fused attention': Attention(),
    'encoder layer with dropout': encoder_layer(0.2),
    'encoder layer in eval mode': encoder_layer(0.).eval(),
    'no_grad block': SoftTargets(torch.no_grad),
    'no_grad decorator': Decorated(),
    'set_grad_enabled': SoftTargets(lambda: torch.set_grad_enabled(False)),
    'inference mode': InferenceMode(),
    'detach': Detached(),
    'checkpoint': Checkpointed(False),
    'reentrant checkpoint': Checkpointed(True),
    'checkpoint without a flag': CheckpointedAlways(False),
    'reentrant checkpoint without a flag': CheckpointedAlways(True),
    'tied embedding with padding': PaddedEmbedding(),
    'LSTM': Recurrent(),
    'batch norm': Norm(),
    'dropout': nn.Dropout(0.4),
    'in-place': nn.ReLU(inplace=True),
}


@pytest.mark.parametrize('name', CASES)
def test_products_equal_reverse_mode(name):
    torch.manual_seed(0)
    # The case was drawn when this file was imported.
    model = TwoLosses(copy.deepcopy(CASES[name])).double()
    x = torch.randn(4, 6, D, dtype=torch.float64)
    params = list(model.parameters())
    direction = [torch.randn_like(p) for p in params]
    buffers = {k: v.clone() for k, v in model.named_buffers()}
    flags = {k: getattr(m, 'with_cp', None) for k, m in model.named_modules()}

    generator = torch.get_rng_state()
    # Reentrant checkpointing cannot be used with autograd.grad.
    losses, expected = model(x), []
    for loss in losses:
        model.zero_grad()
        loss.backward(retain_graph=True)
        expected.append(sum((p.grad * d).sum()
                            for p, d in zip_equal(params, direction)
                            if p.grad is not None))
    for key, buffer in model.named_buffers():
        buffer.copy_(buffers[key])

    torch.set_rng_state(generator)
    value, tangent = jvp(model, lambda: model(x), params, direction)
    torch.testing.assert_close(value, losses.detach())
    torch.testing.assert_close(
        tangent, torch.stack(expected), rtol=1e-4, atol=1e-5)
    assert {k: getattr(m, 'with_cp', None)
            for k, m in model.named_modules()} == flags
    assert list(model.parameters()) == params


def test_without_the_rules_it_is_silently_wrong():
    """The failure that the rules prevent: no_grad does not stop tangents."""
    import torch.autograd.forward_ad as fwAD
    w = torch.tensor(2.)
    with fwAD.dual_level(), torch.no_grad():
        dual = fwAD.make_dual(w, torch.tensor(1.))
        assert fwAD.unpack_dual(dual.square()).tangent == 4.


def test_missing_formula_names_the_operation():

    class Block(nn.Module):

        def forward(self, x):
            return NoForwardMode.apply(x)

    model, x = TwoLosses(Block()), torch.randn(2, 3, D)
    params = list(model.parameters())
    with pytest.raises((RuntimeError, NotImplementedError), match='jvp|AD'):
        jvp(model, lambda: model(x), params,
            [torch.ones_like(p) for p in params])
    assert list(model.parameters()) == params


def test_nothing_is_left_switched():
    model, x = TwoLosses(Attention()), torch.randn(2, 3, D)
    params = list(model.parameters())
    jvp(model, lambda: model(x), params, params)
    assert torch._C._is_fwd_grad_enabled()
    if hasattr(torch.backends, 'mha'):  # torch 2.2
        assert torch.backends.mha.get_fastpath_enabled()
    assert F.embedding.__module__ == 'torch.nn.functional'
    assert torch.backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize('mask', [None, 'bool', 'float', 'causal'])
@pytest.mark.parametrize('learnt', ['all', 'query'])
def test_long_attention_by_parts(mask, learnt, monkeypatch):
    """The chunked tangent equals reverse mode's, whatever the mask."""
    monkeypatch.setattr('meltr_mm.autodiff.forward_mode._LONG', 1)
    monkeypatch.setattr('meltr_mm.autodiff.forward_mode._SCORES', 100)
    torch.manual_seed(0)
    model = nn.Module()
    for name, length in (('q', 7), ('k', 9), ('v', 9)):
        p = nn.Parameter(torch.randn(2, 3, length, 4).double())
        model.register_parameter(name, p)
        p.requires_grad_(learnt == 'all' or name == 'q')
    bias = nn.Parameter(torch.randn(1, 3, 7, 9).double())
    bias.data[..., 2, 3:] = float('-inf')
    keep = torch.rand(7, 9) > 0.4
    keep[:, 0] = True
    if mask == 'float':
        model.bias = bias
    given = dict(bool=dict(attn_mask=keep),
                 causal=dict(is_causal=True)).get(mask, {})
    output = torch.randn(2, 3, 7, 4).double()

    def loss():
        if mask == 'float':  # anew, since it moves
            given.update(attn_mask=model.bias)
        attended = F.scaled_dot_product_attention(
            model.q, model.k, model.v, **given)
        return (attended * output).sum()

    params = [p for p in model.parameters() if p.requires_grad]
    direction = [torch.randn_like(p) for p in params]
    grads = torch.autograd.grad(loss(), params)
    expected = sum((g * d).sum() for g, d in zip(grads, direction))
    value, tangent = jvp(model, loss, params, direction)
    torch.testing.assert_close(value, loss().detach())
    torch.testing.assert_close(tangent, expected, rtol=1e-9, atol=1e-10)


class MomentumNet(nn.Module):
    """Two nested no_grad passes, as in ALBEF, BLIP and MoCo."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(D, D), nn.Linear(D, 1)

    def forward(self, x):
        with torch.no_grad():
            with torch.no_grad():
                self.a(x)
            teacher = self.a(x)
        return (self.b(self.a(x).tanh()).squeeze() * teacher.sum(1)).mean()


def test_other_threads_do_not_disturb():
    torch.manual_seed(0)
    net, x = MomentumNet(), torch.randn(5, D)
    params = list(net.parameters())
    direction = [torch.randn_like(p) for p in params]
    expected = jvp(net, lambda: net(x), params, direction)[1]
    stop, switched_off = threading.Event(), []

    def enters_no_grad():
        while not stop.is_set():
            with torch.no_grad():
                torch.zeros(8).sum()
            time.sleep(1e-4)
        switched_off.append(not torch._C._is_fwd_grad_enabled())

    other = threading.Thread(target=enters_no_grad)
    other.start()
    try:
        results = [jvp(net, lambda: net(x), params, direction)[1]
                   for _ in range(300)]
    finally:
        stop.set()
        other.join()
    assert all(torch.equal(r, expected) for r in results)
    assert torch._C._is_fwd_grad_enabled() and switched_off == [False]


def test_a_switch_that_outlives_the_pass_leaves_nothing():
    net, x = MomentumNet(), torch.randn(5, D)
    params, left_open = list(net.parameters()), []

    def loss():
        left_open.append(torch.no_grad())
        left_open[0].__enter__()
        return net(x)

    jvp(net, loss, params, params)
    assert torch._C._is_fwd_grad_enabled()
    left_open[0].__exit__(None, None, None)
    torch.set_grad_enabled(True)  # torch itself goes back to before it
    assert torch._C._is_fwd_grad_enabled()


class Matcher(nn.Module):
    """Picks by costs without a forward-mode formula, as DETR's matcher."""

    def __init__(self, detached):
        super().__init__()
        self.detached = detached

    def forward(self, x):
        costs = F.grid_sample(x[None, None], torch.zeros(1, 2, 2, 2))
        if not self.detached:
            return x * costs.sum()
        return x * costs.detach().sum() + x[:, costs.flatten().argmin()][
            :, None]


@pytest.mark.parametrize('detached', [True, False])
def test_an_operation_without_formula_for_a_constant(detached):
    """It costs a derivative only where the loss depends on it."""
    model, x = nn.Sequential(nn.Linear(D, D), Matcher(detached)), \
        torch.randn(4, D)
    params = list(model.parameters())
    direction = [torch.randn_like(p) for p in params]

    def loss():
        return model(x).square().sum()

    with pytest.raises(NotImplementedError, match='forward AD'):
        jvp(model, loss, params, direction)
    missing = []
    value, tangent = jvp(model, loss, params, direction, missing)
    torch.testing.assert_close(value, loss().detach())
    assert [m.split(' in ')[1] for m in missing] == ['1']
    assert 'grid_sample' in missing[0]
    if detached:
        grads = torch.autograd.grad(loss(), params)
        torch.testing.assert_close(tangent, sum(
            (g * d).sum() for g, d in zip(grads, direction)))
    else:
        assert tangent.isnan()
