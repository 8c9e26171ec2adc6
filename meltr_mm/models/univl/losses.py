"""The eight losses of UniVL.

Each takes the model and a batch and returns a scalar. Those named masked use
the pairs with hidden words and frames. Shapes: B pairs, W words, F frames, D
feature channels, H hidden size.
"""
import torch
import torch.nn.functional as F
from torch import Tensor

from ..layers import IGNORED, labelled_cross_entropy
from .univl import UniVL, UniVLBatch


def joint_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """Max-margin loss on the cosines of pooled texts and videos."""
    return _joint(model, batch, batch.text, batch.video)


def masked_joint_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """:func:`joint_loss` of the masked pairs."""
    return _joint(model, batch, batch.masked_text, batch.masked_video)


def alignment_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """Contrastive loss on the cross encoder's scores of all B x B pairs."""
    return _alignment(model, batch, batch.text, batch.video)


def masked_alignment_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """:func:`alignment_loss` of the masked pairs."""
    return _alignment(model, batch, batch.masked_text, batch.masked_video)


def masked_language_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """Masked language modelling (MLM): name the hidden words.

    Mean over the hidden words of the batch, 0 where there are none.
    """
    labels = batch.field('mlm_labels')
    chosen = labels != IGNORED
    states = batch.masked_states[:, :labels.shape[1]]
    return labelled_cross_entropy(
        model.word_scores(states[chosen]), labels[chosen])


def masked_frame_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """Masked frame modelling (MFM): find each hidden frame.

    Cross entropy over all real frames of the batch, which are compared by
    their normalised features; mean over the hidden frames, 0 where there are
    none. The gradient reaches the features' normalisation both ways.
    """
    hidden = batch.field('mfm_labels') != IGNORED
    real = batch.video_mask != 0
    states = batch.masked_states[:, -hidden.shape[1]:]
    predicted = model.frame_head(
        states[hidden], model.video_encoder.projection.weight.t())
    logits = predicted @ batch.frames[real].t()
    # Row of each real frame among the candidates.
    rows = real.flatten().cumsum(0).view_as(real) - 1
    return labelled_cross_entropy(logits, rows[hidden])


def decoder_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """Write the caption of each pair: cross entropy of the next token."""
    return _caption(model, batch, batch.states)


def masked_decoder_loss(model: UniVL, batch: UniVLBatch) -> Tensor:
    """:func:`decoder_loss` from the masked pairs."""
    return _caption(model, batch, batch.masked_states)


def _joint(model: UniVL, batch: UniVLBatch, text: Tensor,
           video: Tensor) -> Tensor:
    scores = model.joint_scores(text, batch.text_mask, video,
                                batch.video_mask)
    return max_margin_loss(scores.float(), model.margin,
                           model.rules.margin_diagonal)


def _alignment(model: UniVL, batch: UniVLBatch, text: Tensor,
               video: Tensor) -> Tensor:
    scores = model.alignment_scores(text, batch.text_mask, video,
                                    batch.video_mask)
    return contrastive_loss(scores.float(), model.rules.text_to_video_only)


def _caption(model: UniVL, batch: UniVLBatch, memory: Tensor) -> Tensor:
    labels = batch.field('caption_labels')
    counted = batch.field('caption_mask') != 0
    if model.rules.count_padding:
        counted = counted | True
    states = model.decode(batch, memory)
    return labelled_cross_entropy(
        model.caption_scores(states[counted]), labels[counted])


def max_margin_loss(scores: Tensor,
                    margin: float = 0.1,
                    with_diagonal: bool = False) -> Tensor:
    """Each pair should beat its row and its column by a margin.

    Rows of the scores are texts, columns videos, the diagonal are pairs.

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
