"""What All-in-one does with its joint states: one head per objective.

Shapes: B videos, C candidate texts each, L text tokens, N visual tokens per
frame, D width, K answers. Contrast and retrieval: contrastive_head.py.
"""
from abc import abstractmethod
from typing import TYPE_CHECKING, Dict

from torch import Tensor, nn

from ..layers import (
    IGNORED,
    AnsweringTask,
    LossFunction,
    Objective,
    build_mlm_head,
    labelled_cross_entropy,
)
from .all_in_one import HEADS, AllInOne, AllInOneBatch
from .word_patch_alignment import inner_masks, transport_distance

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
