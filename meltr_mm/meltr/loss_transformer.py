"""MELTR: a transformer over the values of the task losses."""
from typing import Optional, Sequence

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from .._torch import math_attention
from ..check_options import (
    check_choice,
    check_flag,
    check_index,
    check_number,
    check_whole,
)

SCALE_ITERATIONS = 20
STARTS = ('random', 'normal', 'sum', 'primary')


@MODELS.register_module()
class MELTR(nn.Module):
    """Meta loss transformer: T task losses in, one training loss out.

    Each loss value becomes a token (a two-layer perceptron of the scalar plus
    an embedding of its task), one post-norm transformer layer lets the tokens
    see each other, and the mean token is projected to a scalar. The result
    has no constraint of sign or scale: only its derivatives matter
    (MELTR, CVPR 2023, section 3).

    It is differentiated twice, so its attention always runs on the math
    kernel (fused kernels have no second derivative), and always in the
    precision of its parameters, also under autocast.

    Parameter names are those of the official code, so that its files load.

    With ``start='sum'`` it is a correction to the plain sum,
    ``M(l) = sum_t l_t + N(l)`` with the network N; its last layer begins at
    zero, so that M and its derivatives are exactly those of the sum until the
    first meta step. ``start='primary'`` corrects the primary loss instead.
    The official code has N alone, from ``'random'`` (UniVL and VIOLET) or
    ``'normal'`` weights (All-in-one); about half of all random starts push
    the primary loss up.

    Shape legend: T tasks.

    Args:
        num_tasks (int): T, the number of losses.
        start (str): ``'sum'``, ``'primary'``, ``'random'`` (torch's
            initialisation) or ``'normal'`` (weights from N(0, 0.02), biases
            of zero). Defaults to 'random'.
        scale_losses (bool): Divide each loss by its mean over the first
            ``SCALE_ITERATIONS`` training iterations before anything else, so
            that units do not matter: M is that of the divided losses, and a
            start at the sum is one at their sum. Defaults to False.
        normalise (bool): Scale dM/dl so that the absolute weights (of the
            divided losses) add up to what they are at the start: 1 with
            ``start='primary'``, else T. An optimiser of Adam's kind does not
            feel the scale of a loss, so that without this it wanders, until
            the tokens are saturated. Not with a regulariser, which is about
            M itself. Defaults to False.
        primary (int, optional): Index of the primary loss, for
            ``start='primary'``; MELTRWrapper fills it in.
        hidden_dims (Sequence[int]): Width of the perceptron's hidden layer
            and of the tokens. Defaults to (128, 256).
        feedforward_dim (int): Width of the transformer layer's feed-forward
            part. Defaults to 512.
        num_heads (int): Attention heads; divides the token width.
            Defaults to 8.
        dropout (float): Dropout of the transformer layer. Defaults to 0.1.

    Raises:
        ValueError: If a width or number is not positive, ``num_heads`` does
            not divide the token width, the dropout is not in [0, 1), or
            ``start='primary'`` does not know the primary loss.

    Example:
        >>> meltr = MELTR(num_tasks=4)
        >>> meltr(torch.tensor([2.3, 0.7, 6.1, 5.0])).shape
        torch.Size([])
    """

    trained_by = 'meta'

    def __init__(self,
                 num_tasks: int,
                 hidden_dims: Sequence[int] = (128, 256),
                 feedforward_dim: int = 512,
                 num_heads: int = 8,
                 dropout: float = 0.1,
                 start: str = 'random',
                 scale_losses: bool = False,
                 normalise: bool = False,
                 primary: Optional[int] = None) -> None:
        super().__init__()
        check_whole('num_tasks', num_tasks)
        if not isinstance(hidden_dims, (list, tuple)) or len(hidden_dims) != 2:
            raise ValueError('hidden_dims must be the two widths (hidden, '
                             f'token), but got {hidden_dims!r}')
        hidden, width = hidden_dims
        check_whole('hidden_dims[0]', hidden)
        check_whole('hidden_dims[1]', width)
        check_whole('feedforward_dim', feedforward_dim)
        check_whole('num_heads', num_heads)
        check_number('dropout', dropout, least=0, below=1)
        check_choice('start', start, STARTS)
        check_flag('normalise', normalise)
        if primary is not None:
            check_index('primary', primary, num_tasks)
        elif start == 'primary':
            raise ValueError("start='primary' of MELTR needs primary, the "
                             'index of the primary loss; MELTRWrapper fills '
                             'it in')
        if width % num_heads:
            raise ValueError(
                'the token width hidden_dims[1] must be a multiple of '
                f'num_heads, but got {width} and {num_heads}')
        self.num_tasks = num_tasks
        self.loss_fc1 = nn.Linear(1, hidden)
        self.loss_fc2 = nn.Linear(hidden, width)
        self.task_embedding = nn.Embedding(num_tasks, width)
        self.encoder = nn.TransformerEncoderLayer(
            width, num_heads, feedforward_dim, dropout, batch_first=True)
        self.fc1 = nn.Linear(width, 1, bias=False)
        base = None
        if start == 'normal':
            self.apply(_init_normal)
        elif start != 'random':
            nn.init.zeros_(self.fc1.weight)
            base = torch.ones(num_tasks)
            if start == 'primary':
                base = torch.arange(num_tasks).eq(primary).to(base)
        # Weights of the sum that the network corrects. Not in the state: the
        # official one has nothing of the kind.
        self.register_buffer('base', base, persistent=False)
        self.scale = RunningScale(num_tasks) if scale_losses else None
        self.normalise = normalise
        self.weight_sum = 1. if start == 'primary' else float(num_tasks)

    def forward(self, losses: Tensor) -> Tensor:
        """Combine the task losses.

        Args:
            losses (Tensor): Task losses (T,), floating point, in the order
                of the task embedding.

        Returns:
            Tensor: The loss to train on, a scalar ().

        Raises:
            ValueError: If ``losses`` is not of shape (T,).
        """
        if losses.shape != (self.num_tasks, ):
            raise ValueError(
                f'MELTR was built for {self.num_tasks} losses and must get a '
                f'vector of that length, but got {tuple(losses.shape)}')
        if self.scale is not None:
            losses = self.scale(losses)
        values = losses.to(self.fc1.weight.dtype).unsqueeze(-1)
        with torch.autocast(values.device.type, enabled=False), \
                math_attention():
            tokens = self.loss_fc2(self.loss_fc1(values).relu())
            tokens = tokens + self.task_embedding.weight
            tokens = self.encoder(tokens.unsqueeze(0))  # (1, T, width)
            total = self.fc1(tokens.mean(dim=1)).squeeze()
        if self.base is not None:
            total = total + torch.dot(self.base, values.squeeze(-1))
        return total

    def normalised(self, weights: Tensor) -> Tensor:
        """Give dM/dl (T,) the sum that it has to have, if it has to."""
        if not self.normalise:
            return weights
        sizes = weights.abs() if self.scale is None else \
            (weights * self.scale.divisor).abs()
        return weights * (self.weight_sum / sizes.sum())

    def observe(self, losses: Tensor) -> None:
        """Take note of the losses (T,) of one training iteration."""
        if self.scale is not None:
            self.scale.observe(losses)


class RunningScale(nn.Module):
    """Divides losses by their mean size at the beginning of training.

    Args:
        num_tasks (int): T, the number of losses.
        iterations (int): How many are averaged; then the scale stays.
            Defaults to ``SCALE_ITERATIONS``.
    """

    def __init__(self,
                 num_tasks: int,
                 iterations: int = SCALE_ITERATIONS) -> None:
        super().__init__()
        self.iterations = iterations
        self.register_buffer('seen', torch.zeros((), dtype=torch.long))
        self.register_buffer('size', torch.ones(num_tasks))

    @property
    def divisor(self) -> Tensor:
        """What losses are divided by, (T,): 1 if zero so far."""
        return torch.where(
            self.size > 0, self.size, torch.ones_like(self.size))

    def forward(self, losses: Tensor) -> Tensor:
        """Divide the losses (T,)."""
        return losses / self.divisor

    @torch.no_grad()
    def observe(self, losses: Tensor) -> None:
        """Average the sizes of the losses (T,) of one iteration."""
        if self.seen >= self.iterations:
            return
        share = 1 / (self.seen + 1)
        self.size += share * (losses.abs().to(self.size) - self.size)
        self.seen += 1


def _init_normal(module: nn.Module) -> None:
    # As officially, the attention's input projection keeps torch's.
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
