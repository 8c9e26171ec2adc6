"""What VIOLET learns from its pre-training, and its tasks.

Losses are functions of the model and a batch. Shapes: B videos, R text rows,
O options, Q texts and G videos of a gallery, T frames, n video and X text
positions, D hidden size.
"""
from typing import Dict, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..layers import (
    IGNORED,
    AnsweringTask,
    Features,
    Gallery,
    LossFunction,
    RetrievalTask,
    TargetTask,
    labelled_cross_entropy,
)
from .violet import Violet, VioletBatch, build_mlp_head


def matching_loss(model: Violet, batch: VioletBatch) -> Tensor:
    """Video-text matching (VTM): find each video's own text in the batch.

    Cross entropy over the texts for each video; other texts of the batch
    are the negatives. A batch of one video has loss 0.
    """
    scores = model.match(*model.task.matching_pairs(batch))
    scores = scores.float() / model.temperature
    return F.cross_entropy(scores, matching_targets(scores))


def matching_targets(scores: Tensor) -> Tensor:
    """Give the column of each video's own text, (B, B) -> (B,) int64."""
    return torch.arange(len(scores), device=scores.device)


def masked_text_loss(model: Violet, batch: VioletBatch) -> Tensor:
    """Masked text modelling (MTM): name the hidden words.

    Mean over the labelled words of the batch, 0 where there are none.
    """
    labels = batch.masked_rows('mtm_labels')
    states = batch.masked_states[:, -labels.shape[1]:]
    return _masked_modelling(model.mtm_head, states, labels)


def masked_video_loss(model: Violet, batch: VioletBatch) -> Tensor:
    """Masked visual-token modelling (MVM): name the codes of hidden cells.

    Mean over the labelled cells of the batch, 0 where there are none.
    """
    labels = batch.field('mvm_labels')
    states = model.task.coded_states(batch)
    states = states[:, :batch.masked_video.shape[1]]
    if labels.shape[1] != states.shape[1]:
        raise ValueError(
            f'mvm_labels must have one entry per video position, '
            f'{states.shape[1]} here (each frame: its [CLS], then its '
            f'cells), but has {labels.shape[1]}')
    return _masked_modelling(model.mvm_head, states, labels)


def _masked_modelling(head: nn.Module, states: Tensor,
                      labels: Tensor) -> Tensor:
    # Most positions have no label, and the vocabulary is the widest tensor
    # of the model: score only the ones that count. Without any, the sum over
    # no rows keeps the graph.
    chosen = labels != IGNORED
    return labelled_cross_entropy(head(states[chosen]), labels[chosen])


class VioletTask(TargetTask):
    """A target task of VIOLET, with the three losses that all of them keep.

    The methods below say which texts those losses are about.
    """

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: matching, masked text, masked video."""
        return dict(
            loss_vtm=matching_loss,
            loss_mtm=masked_text_loss,
            loss_mvm=masked_video_loss)

    def matching_pairs(self,
                       batch: VioletBatch) -> Tuple[Tensor, Tensor, Tensor]:
        """Give videos (B, n, D), and the embedded text (B, X, D) that
        belongs to each, with its mask (B, X)."""
        return batch.video, batch.text, batch.text_mask

    def masked_rows(self, batch: VioletBatch, rows: Tensor) -> Tensor:
        """Choose the M texts that are read with hidden words, of a field of
        all texts: (R, X) -> (M, X). Here all."""
        return rows

    def coded_states(self, batch: VioletBatch) -> Tensor:
        """Give the masked states whose cells are to be named, one row per
        video, (B, n + X, D)."""
        return batch.masked_states


class _QuestionAnswering(AnsweringTask, VioletTask):

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: the answer first, then the shared three."""
        return {
            **AnsweringTask.loss_functions(self),
            **VioletTask.loss_functions(self)
        }


@MODELS.register_module()
class VioletOpenEndedQA(_QuestionAnswering):
    """Answer a question with one entry of an answer vocabulary.

    For MSVD-QA and TGIF-Frame. Losses: ``loss_qa``, ``loss_vtm``,
    ``loss_mtm``, ``loss_mvm``.

    Args:
        hidden_size (int): D; given by the model.
        num_answers (int): K, size of the vocabulary.
        dropout (float): Rate in the answer head. Defaults to 0.5.
    """

    def __init__(self,
                 hidden_size: int,
                 num_answers: int,
                 dropout: float = 0.5) -> None:
        super().__init__()
        self.answer_head = build_mlp_head(hidden_size, num_answers, dropout)

    def outputs(self, model: Violet, batch: VioletBatch) -> Tensor:
        """Score the answers, (B, K)."""
        return self.answer_head(
            model.read_out(batch.target_states, batch.video.shape[1]))


@MODELS.register_module()
class VioletMultipleChoiceQA(_QuestionAnswering):
    """Answer a question with one of the options that come with it.

    For TGIF-Action and TGIF-Transition, with the losses of
    :class:`VioletOpenEndedQA`. Each option is a text of its own (the question
    with that option), so that the fields ``text_ids``, ``text_mask``,
    ``masked_text_ids`` and ``mtm_labels`` of a sample are (O, X), and a batch
    has B * O text rows. ``gt_label`` is the right option, 0..O-1.

    Every row takes part in the MTM loss, as in the official code; the MVM
    loss reads the states of each video with its right option, and the VTM
    loss matches each video with the text of its right option, among those of
    the batch.

    Args:
        hidden_size (int): D; given by the model.
        dropout (float): Rate in the option head. Defaults to 0.1.
        official_matching (bool): True makes the VTM loss take rows 0..B-1 of
            the B * O rows, as the official code does: video ``i // O`` with
            option ``i % O``, which tells nothing about matching. Defaults to
            False.
        mask_right_option_only (bool): True gives the MTM loss the text of
            the right option only. It then never learns to complete a wrong
            answer, and the masked pass has B rows instead of B * O. Defaults
            to False.
    """

    target = 'choice'

    def __init__(self,
                 hidden_size: int,
                 dropout: float = 0.1,
                 official_matching: bool = False,
                 mask_right_option_only: bool = False) -> None:
        super().__init__()
        self.choice_head = build_mlp_head(hidden_size, 1, dropout)
        self.official_matching = official_matching
        self.mask_right_option_only = mask_right_option_only

    def outputs(self, model: Violet, batch: VioletBatch) -> Tensor:
        """Score the options, (B, O)."""
        cls = model.read_out(batch.target_states, batch.video.shape[1])
        return self.choice_head(cls).view(len(batch.frames), -1)

    def matching_pairs(self,
                       batch: VioletBatch) -> Tuple[Tensor, Tensor, Tensor]:
        """Give each video (B, n, D) and the text of its right option (B, X,
        D), with its mask (B, X)."""
        video = batch.video
        if self.official_matching:
            rows = torch.arange(len(video), device=video.device)
            video = video[rows // (len(batch.text) // len(video))]
        else:
            rows = self._right_rows(batch)
        return video, batch.text[rows], batch.text_mask[rows]

    def masked_rows(self, batch: VioletBatch, rows: Tensor) -> Tensor:
        """Choose all rows, or with ``mask_right_option_only`` those of the
        right options: (B * O, X) -> (M, X)."""
        if self.mask_right_option_only:
            return rows[self._right_rows(batch)]
        return rows

    def coded_states(self, batch: VioletBatch) -> Tensor:
        """Give the masked states of each video with its right option, (B, n
        + X, D)."""
        if self.mask_right_option_only:
            return batch.masked_states
        return batch.masked_states[self._right_rows(batch)]

    @staticmethod
    def _right_rows(batch: VioletBatch) -> Tensor:
        labels = batch.field('gt_label').flatten()
        options = batch.field('text_ids').shape[1]
        if labels.min() < 0 or labels.max() >= options:
            raise ValueError(
                f'gt_label must be the right option, 0..{options - 1}, but '
                f'those of the batch are {labels.tolist()}; correct the '
                f'annotations')
        first = torch.arange(len(labels), device=labels.device) * options
        return first + labels


@MODELS.register_module()
class VioletRetrieval(RetrievalTask, VioletTask):
    """Find the video that a text describes.

    The target is video-text matching itself, so the losses are the three
    that every task has, and the task has no parameters. It is evaluated over
    all pairs of the data set, with MMAction2's ``RetrievalValLoop`` and
    ``RetrievalTestLoop``.

    Args:
        hidden_size (int): D; given by the model, not used.
        top_k (int, optional): Two stages: every pair gets a cheap score
            first, from frames whose cells are averaged, and only the k best
            videos of each text and texts of each video are scored on the
            whole sequence; the others rank below them. Defaults to None:
            every pair on the whole sequence.
        block (int): Number of pairs that are scored at once. Defaults to
            256.

    Raises:
        ValueError: If ``top_k`` or ``block`` is not positive.
    """

    def __init__(self,
                 hidden_size: int,
                 top_k: Optional[int] = None,
                 block: int = 256) -> None:
        super().__init__()
        for name, value in (('top_k', top_k), ('block', block)):
            if value is not None and value < 1:
                raise ValueError(f'{name} must be at least 1, but is {value}')
        self.top_k = top_k
        self.block = block

    def encode_videos(self, model: Violet, batch: VioletBatch) -> Features:
        """Encode videos: ``video`` (B, n, D), with ``top_k`` also
        ``video_short`` (B, 2 T, D)."""
        features = dict(video=batch.video)
        if self.top_k is not None:
            features['video_short'] = shorten(batch.video,
                                              batch.frames.shape[2])
        return features

    def encode_texts(self, model: Violet, batch: VioletBatch) -> Features:
        """Encode texts: ``text`` (B, X, D), ``text_mask`` (B, X)."""
        return dict(text=batch.text, text_mask=batch.text_mask)

    def score(self, model: Violet, texts: Features,
              videos: Features) -> Tensor:
        """Score any videos for any texts, (Q, G).

        These are logits. With ``top_k`` those below the k best of a text are
        good for their order only.
        """
        if self.top_k is None:
            return score_pairs(model, texts, videos['video'], self.block)
        cheap = score_pairs(model, texts, videos['video_short'], self.block)
        best = cheap.topk(min(self.top_k, cheap.shape[1]), dim=1).indices
        known = torch.zeros_like(cheap, dtype=torch.bool)
        known.scatter_(1, best, True)
        exact = score_pairs(model, texts, videos['video'], self.block, known)
        return rank_below(exact, known, cheap)

    def rank(self, model: Violet, gallery: Gallery) -> Tuple[Tensor, Tensor]:
        """Score a whole data set: (Q, G) by text and (G, Q) by video."""
        if self.top_k is None:
            return super().rank(model, gallery)

        def cheaply(texts: Features, videos: Features) -> Tensor:
            return score_pairs(model, texts, videos['video_short'],
                               self.block)

        def exactly(texts: Features, videos: Features,
                    wanted: Tensor) -> Tensor:
            return score_pairs(model, texts, videos['video'], self.block,
                               wanted)

        cheap = gallery.scores(cheaply, label='texts, first stage')
        known = best_pairs(cheap, self.top_k)
        exact = gallery.scores(exactly, known, label='texts, second stage')
        return (rank_below(exact, known, cheap),
                rank_below(exact.T, known.T, cheap.T))


@torch.no_grad()
def score_pairs(model: Violet,
                texts: Features,
                video: Tensor,
                block: int = 256,
                wanted: Optional[Tensor] = None) -> Tensor:
    """Score texts against videos with the fusion layers, in blocks.

    Args:
        model (Violet): Its fusion layers and matching head.
        texts (dict[str, Tensor]): ``text`` (Q, X, D), ``text_mask`` (Q, X).
        video (Tensor): Video features, (G, n, D).
        block (int): Number of pairs per pass. Defaults to 256.
        wanted (Tensor, optional): Which pairs, (Q, G) bool. Defaults to
            None: all.

    Returns:
        Tensor: Logits without temperature, (Q, G), float32; 0 where a pair
        was not wanted.
    """
    text, text_mask = texts['text'], texts['text_mask']
    scores = video.new_zeros(len(text), len(video), dtype=torch.float32)
    if wanted is None:
        wanted = torch.ones_like(scores, dtype=torch.bool)
    for pairs in wanted.nonzero().split(block):
        rows, columns = pairs.unbind(1)
        values = model.match_rows(video[columns], text[rows], text_mask[rows])
        scores[rows, columns] = values.float()
    return scores


def shorten(video: Tensor, num_frames: int) -> Tensor:
    """Replace the cells of each frame by their mean.

    The fusion layers are some ten times faster on what is left, which serves
    to find the pairs that are worth the whole sequence.

    Args:
        video (Tensor): Video features, (G, n, D).
        num_frames (int): T.

    Returns:
        Tensor: For each frame its [CLS] and its mean cell, (G, 2 T, D).
    """
    frames = video.unflatten(1, (num_frames, -1))  # (G, T, 1 + h*w, D)
    cells = frames[:, :, 1:].mean(dim=2, keepdim=True)
    return torch.cat([frames[:, :, :1], cells], dim=2).flatten(1, 2)


def best_pairs(scores: Tensor, k: int) -> Tensor:
    """Choose the pairs among the k best of their row or of their column.

    Args:
        scores (Tensor): (Q, G).
        k (int): At least 1; all pairs are chosen if it exceeds both sizes.

    Returns:
        Tensor: (Q, G), bool.
    """
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    for dim in (0, 1):
        best = scores.topk(min(k, scores.shape[dim]), dim=dim).indices
        chosen.scatter_(dim, best, True)
    return chosen


def rank_below(exact: Tensor, known: Tensor, cheap: Tensor) -> Tensor:
    """Complete each row with cheap scores, below all its exact ones.

    Args:
        exact (Tensor): Scores of the known pairs, (Q, G).
        known (Tensor): Which those are, at least one per row, (Q, G) bool.
        cheap (Tensor): Scores of all pairs, which order the rest, (Q, G).

    Returns:
        Tensor: (Q, G); in each row every exact score is above the rest.
    """
    lowest = exact.masked_fill(~known, torch.inf).amin(dim=1, keepdim=True)
    highest = cheap.masked_fill(known, -torch.inf).amax(dim=1, keepdim=True)
    return torch.where(known, exact, cheap - highest + lowest - 1)
