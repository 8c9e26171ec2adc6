"""How the frames of All-in-one see each other: tokens change frames."""
import torch
from torch import Tensor

# One part in this many of the tokens moves each way.
PARTS = 8


def temporal_roll(tokens: Tensor) -> Tensor:
    """Move an eighth of the tokens one frame on, and an eighth one back.

    With f = N // 8, the tokens 1..f of a frame come from the frame before,
    the last f from the frame after; the ends of the clip are neighbours. The
    first token ([CLS]) and those in between stay. There are no parameters
    (All-in-one, Wang et al., CVPR 2023, section 3).

    Args:
        tokens (Tensor): Visual tokens, [CLS] first, (B, T, N, D).

    Returns:
        Tensor: A new tensor like ``tokens``.

    Raises:
        ValueError: If there are fewer than 8 tokens per frame, so that none
            would move.
    """
    N = tokens.shape[2]
    moving = N // PARTS
    if moving == 0:
        raise ValueError(
            f'a frame must have at least {PARTS} tokens to share some with '
            f'its neighbours, but has {N}; use more or smaller patches')
    first, onward, still, backward = tokens.split(
        [1, moving, N - 1 - 2 * moving, moving], dim=2)
    return torch.cat(
        [first, onward.roll(1, dims=1), still, backward.roll(-1, dims=1)],
        dim=2)
