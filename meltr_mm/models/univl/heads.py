"""A prediction head whose output matrix is an embedding of the model."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertConfig

from ..layers import build_head_transform


class TiedHead(nn.Module):
    """BERT's dense, GELU, LayerNorm; then a matrix that it does not own.

    Args:
        config (BertConfig): Gives the hidden size.
        num_outputs (int): K.
    """

    def __init__(self, config: BertConfig, num_outputs: int) -> None:
        super().__init__()
        self.transform = build_head_transform(config)
        self.bias = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, states: Tensor, matrix: Tensor) -> Tensor:
        """Score the outputs.

        Args:
            states (Tensor): (..., H).
            matrix (Tensor): One row per output, (K, H).

        Returns:
            Tensor: Logits, (..., K).
        """
        return F.linear(self.transform(states), matrix, self.bias)
