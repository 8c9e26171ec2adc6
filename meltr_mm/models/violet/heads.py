"""The prediction head that all of VIOLET's own tasks use."""
from torch import nn


def build_mlp_head(hidden_size: int,
                   num_outputs: int,
                   dropout: float = 0.1) -> nn.Sequential:
    """Dropout, Linear(D, 2 D), ReLU, Linear(2 D, K).

    Args:
        hidden_size (int): D.
        num_outputs (int): K.
        dropout (float): Rate on the input. Defaults to 0.1.

    Returns:
        nn.Sequential: (..., D) -> (..., K); torch's default initialisation.
    """
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(hidden_size, 2 * hidden_size),
        nn.ReLU(), nn.Linear(2 * hidden_size, num_outputs))
