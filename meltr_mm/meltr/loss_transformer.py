"""MELTR: a transformer over the values of the task losses."""
from typing import Sequence

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from .._torch import math_attention
from ..check_options import check_number, check_whole


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

    Shape legend: T tasks.

    Args:
        num_tasks (int): T, the number of losses.
        hidden_dims (Sequence[int]): Width of the perceptron's hidden layer
            and of the tokens. Defaults to (128, 256).
        feedforward_dim (int): Width of the transformer layer's feed-forward
            part. Defaults to 512.
        num_heads (int): Attention heads; divides the token width.
            Defaults to 8.
        dropout (float): Dropout of the transformer layer. Defaults to 0.1.

    Raises:
        ValueError: If a width or number is not positive, ``num_heads`` does
            not divide the token width, or the dropout is not in [0, 1).

    Example:
        >>> meltr = MELTR(num_tasks=4)
        >>> meltr(torch.tensor([2.3, 0.7, 6.1, 5.0])).shape
        torch.Size([])
    """

    def __init__(self,
                 num_tasks: int,
                 hidden_dims: Sequence[int] = (128, 256),
                 feedforward_dim: int = 512,
                 num_heads: int = 8,
                 dropout: float = 0.1) -> None:
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
        values = losses.to(self.fc1.weight.dtype).unsqueeze(-1)
        with torch.autocast(values.device.type, enabled=False), \
                math_attention():
            tokens = self.loss_fc2(self.loss_fc1(values).relu())
            tokens = tokens + self.task_embedding.weight
            tokens = self.encoder(tokens.unsqueeze(0))  # (1, T, width)
            return self.fc1(tokens.mean(dim=1)).squeeze()
