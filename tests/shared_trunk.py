"""Small models and batches that the tests of meltr_mm.meltr share."""
import torch
from mmengine.model import BaseModel
from torch import nn
from zip_equal import zip_equal

TASKS = ('loss_a', 'loss_b', 'loss_c')


class SharedTrunk(BaseModel):
    """Three regression losses on one trunk, one of them with dropout."""

    def __init__(self, dropout: float = 0.) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(5, 8), nn.Tanh(), nn.Dropout(dropout))
        self.heads = nn.ModuleList(nn.Linear(8, 1) for _ in TASKS)

    def forward(self, inputs, targets=None, mode='tensor'):
        hidden = self.trunk(inputs)
        outputs = torch.cat([head(hidden) for head in self.heads], -1)
        if mode != 'loss':
            return outputs
        errors = (outputs - targets).square().mean(0)
        return dict(zip_equal(TASKS, errors))


class NoForwardMode(torch.autograd.Function):
    """The identity, without a formula for forward mode."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad


def batch(seed: int, size: int = 6, dtype=torch.float64) -> dict:
    generator = torch.Generator().manual_seed(seed)
    return dict(
        inputs=torch.randn(size, 5, generator=generator, dtype=dtype),
        targets=torch.randn(size, 3, generator=generator, dtype=dtype))
