"""Where forward mode would differ from reverse mode, or fail, by itself."""
import pytest
import torch
import torch.nn.functional as F
from shared_trunk import NoForwardMode
from torch import nn
from torch.utils.checkpoint import checkpoint
from zip_equal import zip_equal

from meltr_mm.meltr.forward_mode import jvp

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
    model = TwoLosses(CASES[name])
    x = torch.randn(4, 6, D)
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
    assert torch.backends.mha.get_fastpath_enabled()
    assert F.embedding.__module__ == 'torch.nn.functional'
    assert torch.backends.cuda.flash_sdp_enabled()
