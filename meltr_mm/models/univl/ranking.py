"""The two ranking losses of UniVL, as plain functions of scores.

Scores are (B, B): rows are texts, columns videos, the diagonal are pairs.
"""
import torch
import torch.nn.functional as F
from torch import Tensor


def max_margin_loss(scores: Tensor,
                    margin: float = 0.1,
                    with_diagonal: bool = False) -> Tensor:
    """Each pair should beat its row and its column by a margin.

    The mean over ordered pairs i != j of
    relu(margin + S_ij - S_ii) + relu(margin + S_ij - S_jj).

    Args:
        scores (Tensor): S, (B, B).
        margin (float): Defaults to 0.1.
        with_diagonal (bool): Include i = j, as the official code does, whose
            gradient is zero. Defaults to False.

    Returns:
        Tensor: Scalar; 0 for one pair without the diagonal.
    """
    own = scores.diagonal()
    losses = (margin + scores - own[:, None]).relu() + (
        margin + scores - own).relu()
    if with_diagonal:
        return losses.mean()
    B = len(scores)
    others = ~torch.eye(B, dtype=torch.bool, device=scores.device)
    return (losses * others).sum() / max(1, B * (B - 1))


def contrastive_loss(scores: Tensor, one_way: bool = False) -> Tensor:
    """Cross entropy of finding each text's own video, and the reverse.

    Args:
        scores (Tensor): Logits, (B, B).
        one_way (bool): Leave the reverse out, as the official code does.
            Defaults to False: the mean of both.

    Returns:
        Tensor: Scalar, 0 for one pair.
    """
    own = torch.arange(len(scores), device=scores.device)
    loss = F.cross_entropy(scores, own)
    if one_way:
        return loss
    return (loss + F.cross_entropy(scores.t(), own)) / 2
