"""What All-in-one does with its states: one head per objective.

Shapes: B videos, with a text each, or C candidate texts each; L text tokens,
N visual tokens per frame, D width, K answers, V clips of each video, Q texts
and G videos of a gallery, S shared width.
"""
from abc import abstractmethod
from typing import TYPE_CHECKING, Dict, Tuple

import torch
import torch.nn.functional as F
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather

from ..layers import (
    IGNORED,
    AnsweringTask,
    Features,
    LossFunction,
    Objective,
    RetrievalTask,
    build_mlm_head,
    labelled_cross_entropy,
)
from .all_in_one import HEADS, AllInOne, AllInOneBatch

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import BertConfig


@HEADS.register_module('mlm')
class MaskedLanguageHead(Objective):
    """Masked language modelling (MLM): name the hidden words.

    BERT's head on the words' joint states, its decoder not tied to the word
    embeddings. Reads ``masked_text_ids`` and ``mlm_labels``, (L,) int64 with
    -1 = not hidden.

    Args:
        bert (BertConfig): Gives the width and the vocabulary.
    """

    def __init__(self, bert: 'BertConfig') -> None:
        super().__init__()
        self.decoder = build_mlm_head(bert)

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the loss: ``loss_mlm``."""
        return dict(loss_mlm=self.loss)

    def loss(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Mean over the hidden words of the batch, 0 where there are none."""
        labels = batch.field('mlm_labels')
        states = batch.masked_states[:, :labels.shape[1]]
        # The vocabulary is the widest tensor of the model: score only the
        # words that count. The sum over no rows keeps the graph.
        hidden = labels != IGNORED
        return labelled_cross_entropy(
            self.decoder(states[hidden]), labels[hidden])


@HEADS.register_module('itm')
class MatchingHead(Objective):
    """Image-text matching (ITM) and word-patch alignment (WPA).

    Half of the texts are shown with their own video, half with another; see
    :attr:`AllInOneBatch.half_matched_states`.

    Args:
        bert (BertConfig): Gives the width of the states.
        alignment_weight (float): Factor on the alignment loss.
            Defaults to 0.1.
    """

    def __init__(self,
                 bert: 'BertConfig',
                 alignment_weight: float = 0.1) -> None:
        super().__init__()
        self.fc = nn.Linear(bert.hidden_size, 2)
        self.alignment_weight = alignment_weight

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: ``loss_itm`` and ``loss_wpa``."""
        return dict(loss_itm=self.matching_loss, loss_wpa=self.alignment_loss)

    def logits(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Score "other video" and "own video" for each text, (B, 2)."""
        return self.fc(model.pool(batch.half_matched_states))

    def matching_loss(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Cross entropy, mean over the batch."""
        return labelled_cross_entropy(
            self.logits(model, batch), batch.is_matched.long())

    def alignment_loss(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Pull words to the patches of their video, push them from others.

        The transport distances of matched pairs minus those of the others,
        over the size of the batch, times ``alignment_weight``.
        """
        L = batch.text_mask.shape[1]
        states = batch.half_matched_states
        words, patches = states[:, :L], states[:, L:]
        distances = transport_distance(
            words, patches, *inner_masks(batch.text_mask, patches.shape[1]))
        sign = 2 * batch.is_matched.to(distances.dtype) - 1
        return self.alignment_weight * (sign * distances).mean()


@HEADS.register_module('qa')
class OpenEndedQAHead(AnsweringTask):
    """Answer a question with one entry of an answer vocabulary.

    The text is the question. Loss: ``loss_qa``.

    Args:
        bert (BertConfig): Gives the width of the states, D.
        num_answers (int): K, the outputs. The official code has one more
            than the vocabulary, which is never a target.
        dropout (float): Rate on the input. Defaults to 0.5.
    """

    def __init__(self,
                 bert: 'BertConfig',
                 num_answers: int,
                 dropout: float = 0.5) -> None:
        super().__init__()
        D = bert.hidden_size
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(D, D // 2), nn.LayerNorm(D // 2),
            nn.GELU(), nn.Linear(D // 2, num_answers))

    def outputs(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Score the answers, (B, K)."""
        return self.classifier(model.pool(batch.joint_states))


class ChoiceHead(AnsweringTask):
    """Score each candidate text by a pass of its own with the video.

    Reads ``option_ids`` and ``option_mask``, (C, L) int64, and ``gt_label``,
    (1,) int64: which candidate is right.
    """

    target = 'choice'

    @abstractmethod
    def choice_scores(self, pooled: Tensor) -> Tensor:
        """Score pooled states, (..., D) -> (..., 1)."""

    def outputs(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Score the candidates, (B, C)."""
        pooled = model.pool(batch.option_states)
        return self.choice_scores(pooled).view(len(batch.frames), -1)


@HEADS.register_module('rank')
class RankingHead(ChoiceHead):
    """Rank captions of a video: one linear layer, loss ``loss_rank``.

    Used to choose the caption of a video (MSRVTT multiple choice), and with
    false captions drawn by the pipeline, the true one first, as video-text
    matching (VTM). Where a checkpoint has no such layer, it starts as the
    "own video" row of the matching head, which ranks without training.

    Args:
        bert (BertConfig): Gives D.
    """

    loss_name = 'loss_rank'

    def __init__(self, bert: 'BertConfig') -> None:
        super().__init__()
        self.fc = nn.Linear(bert.hidden_size, 1)

    def choice_scores(self, pooled: Tensor) -> Tensor:
        """Score pooled states, (..., D) -> (..., 1)."""
        return self.fc(pooled)


@HEADS.register_module('mc')
class MultipleChoiceQAHead(ChoiceHead):
    """Answer a question with one of its options, loss ``loss_mc``.

    A candidate is the question together with one option (TGIF-QA's action
    and transition tasks).

    Args:
        bert (BertConfig): Gives D.
        hidden_dim (int): Width of the hidden layer. Defaults to 256.
        dropout (float): Rate on the input. Defaults to 0.1.
    """

    loss_name = 'loss_mc'

    def __init__(self,
                 bert: 'BertConfig',
                 hidden_dim: int = 256,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(bert.hidden_size, hidden_dim),
            nn.LayerNorm(hidden_dim), nn.GELU(), nn.Linear(hidden_dim, 1))

    def choice_scores(self, pooled: Tensor) -> Tensor:
        """Score pooled states, (..., D) -> (..., 1)."""
        return self.classifier(pooled)


# Step of the proximal point method, and how many steps are taken.
BETA = 0.5
STEPS = 50


def transport_distance(words: Tensor, patches: Tensor, word_mask: Tensor,
                       patch_mask: Tensor) -> Tensor:
    """Give the optimal-transport distance of two sets of vectors.

    Moving mass from a word to a patch costs one minus their cosine; words,
    and patches, weigh the same. The plan is a constant for gradients.

    Args:
        words (Tensor): (B, n, D), any floating type; computed in float32.
        patches (Tensor): (B, m, D).
        word_mask (Tensor): True where a word counts, (B, n).
        patch_mask (Tensor): True where a patch counts, (B, m).

    Returns:
        Tensor: (B,), float32 (float64 for float64 input); 0 where no word
        counts.
    """
    if words.element_size() < 4:
        words, patches = words.float(), patches.float()
    counts = word_mask[:, :, None] & patch_mask[:, None]
    # The steps multiply their rounding errors.
    with torch.autocast(words.device.type, enabled=False):
        words, patches = (
            F.normalize(vectors, dim=-1, eps=1e-5)
            for vectors in (words, patches))
        cost = 1 - words @ patches.transpose(1, 2)  # (B, n, m)
        cost = cost.masked_fill(~counts, 0)
        with torch.no_grad():
            plan = transport_plan(cost.detach(), word_mask, patch_mask)
        return (plan * cost).sum(dim=(1, 2))


def transport_plan(cost: Tensor, row_mask: Tensor,
                   column_mask: Tensor) -> Tensor:
    """Approximate the cheapest plan between two uniform distributions.

    Args:
        cost (Tensor): (B, n, m).
        row_mask (Tensor): True where a row has mass, (B, n).
        column_mask (Tensor): True where a column has mass, (B, m).

    Returns:
        Tensor: Mass moved from row to column, (B, n, m).
    """
    rows, columns = (_uniform(mask, cost) for mask in (row_mask, column_mask))
    kernel = (-cost / BETA).exp() * (rows * columns.transpose(1, 2) > 0)
    plan = (kernel > 0).to(cost.dtype)
    row_scale = rows
    for _ in range(STEPS):
        step = kernel * plan
        column_scale = _divide(columns, step.transpose(1, 2) @ row_scale)
        row_scale = _divide(rows, step @ column_scale)
        plan = row_scale * step * column_scale.transpose(1, 2)
    return plan


def _uniform(mask: Tensor, like: Tensor) -> Tensor:
    mass = mask.to(like.dtype)[..., None]
    return mass / mass.sum(dim=1, keepdim=True).clamp(min=1)


def _divide(mass: Tensor, total: Tensor) -> Tensor:
    # What has no mass gets none.
    return mass / total.masked_fill(total == 0, 1)


def inner_masks(text_mask: Tensor, num_visual: int) -> Tuple[Tensor, Tensor]:
    """Mark the words and patches that are neither special nor padding.

    Args:
        text_mask (Tensor): 1 = token, 0 = padding, (B, L).
        num_visual (int): N, [CLS] and patches.

    Returns:
        tuple[Tensor, Tensor]: Without [CLS] and the last token ([SEP]),
        (B, L), and without [CLS], (B, N); bool.
    """
    text_mask = text_mask.bool()
    position = torch.arange(text_mask.shape[1], device=text_mask.device)
    last = text_mask.sum(dim=1, keepdim=True) - 1
    words = text_mask & (position > 0) & (position < last)
    patches = text_mask.new_ones(len(text_mask), num_visual)
    patches[:, 0] = False
    return words, patches


if TYPE_CHECKING:  # it takes seconds to import
    from transformers import BertConfig


@HEADS.register_module('itc')
class ContrastiveHead(RetrievalTask):
    """Image-text contrast (ITC) of texts and videos encoded apart.

    The first state of each is projected to a shared space and compared by
    its cosine, so a gallery is encoded once for all queries.

    Args:
        bert (BertConfig): Gives the width of the states.
        shared_dim (int): S. Defaults to 512.
        temperature (float): Divides the cosines in the loss; not learned.
            Defaults to 0.05.
        gather (bool): Take the pairs of all processes as negatives, which
            must then have batches of one size. False is the official
            behaviour: the process's own batch. Defaults to False.
    """

    def __init__(self,
                 bert: 'BertConfig',
                 shared_dim: int = 512,
                 temperature: float = 0.05,
                 gather: bool = False) -> None:
        super().__init__()
        self.text_proj = nn.Linear(bert.hidden_size, shared_dim)
        self.video_proj = nn.Linear(bert.hidden_size, shared_dim)
        self.temperature = temperature
        self.gather = gather

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the loss: ``loss_itc``."""
        return dict(loss_itc=self.loss)

    def loss(self, model: AllInOne, batch: AllInOneBatch) -> Tensor:
        """Cross entropy of text to video plus that of video to text.

        Each is a mean over the batch; they are added, not averaged. A batch
        of one pair without ``gather`` has loss 0.
        """
        text, video = self.text_features(batch), self.video_features(batch)
        texts, videos, first = text, video, 0
        if self.gather:
            texts, videos = gather(text), gather(video)
            first = get_rank() * len(text)
        own = torch.arange(first, first + len(text), device=text.device)
        return sum(
            F.cross_entropy(
                mean_cosine(queries[None], gallery[None]) / self.temperature,
                own)
            for queries, gallery in ((text, videos), (video, texts)))

    def text_features(self, batch: AllInOneBatch) -> Tensor:
        """Project the texts, (B, S)."""
        return self.text_proj(batch.text_states[:, 0])

    def video_features(self, batch: AllInOneBatch) -> Tensor:
        """Project the clips of all videos, (B * V, S)."""
        return self.video_proj(batch.video_states[:, 0])

    def encode_texts(self, model: AllInOne,
                     batch: AllInOneBatch) -> Features:
        """Encode texts: ``text_feature`` (B, S), of unit length, float32."""
        return dict(text_feature=unit(self.text_features(batch)))

    def encode_videos(self, model: AllInOne,
                      batch: AllInOneBatch) -> Features:
        """Encode videos: ``video_feature`` (B, V, S), likewise."""
        videos = unit(self.video_features(batch))
        return dict(video_feature=videos.unflatten(0, (-1, batch.views)))

    def score(self, model: AllInOne, texts: Features,
              videos: Features) -> Tensor:
        """Average the cosine over the clips of a video, (Q, G)."""
        return mean_cosine(texts['text_feature'][None],
                           videos['video_feature'].transpose(0, 1))


def unit(features: Tensor) -> Tensor:
    """Scale to unit length, (..., S), in float32 or better."""
    precision = torch.promote_types(features.dtype, torch.float32)
    return F.normalize(features.to(precision), dim=-1, eps=1e-8)


def mean_cosine(texts: Tensor, videos: Tensor) -> Tensor:
    """Average over V views the cosine of every text with every video.

    Args:
        texts (Tensor): Features of any length, (V, Q, S), or (1, Q, S) for
            all views.
        videos (Tensor): (V, G, S).

    Returns:
        Tensor: (Q, G).
    """
    texts, videos = unit(texts), unit(videos)
    # Neighbours in a gallery are closer than what low precision tells apart.
    with torch.autocast(texts.device.type, enabled=False):
        return (texts @ videos.transpose(1, 2)).mean(dim=0)


def gather(features: Tensor) -> Tensor:
    """Concatenate the features of all processes, with their gradients.

    The gradient of each process's features is the sum over the losses of all
    processes, so that averaging parameters' gradients, as DDP does, gives
    that of the mean loss.

    Args:
        features (Tensor): Of one shape on all processes, (B, S).

    Returns:
        Tensor: Ordered by rank, (R * B, S).
    """
    if get_world_size() == 1:
        return features
    parts = all_gather(features.contiguous())
    for part in parts:
        if part.requires_grad:
            # torch's backward pass reads a gradient's memory as if it were
            # contiguous, also where it is a transposed view.
            part.register_hook(torch.Tensor.contiguous)
    return torch.cat(parts)
