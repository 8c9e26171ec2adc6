"""The tasks that UniVL is fine-tuned for, and its eight losses.

A loss takes the model and a batch and returns a scalar. Those named masked
use the pairs with hidden words and frames. Shapes: B text-video pairs, Q
texts, G videos, W words, F frames, D feature channels, H hidden size, L
caption tokens, V vocabulary.
"""
from typing import Dict, List, Optional

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS
from torch import Tensor, nn

from ...datasets.transforms.tokenizing import caption_text, load_tokenizer
from ..layers import (
    IGNORED,
    Features,
    LossFunction,
    RetrievalTask,
    TargetTask,
    labelled_cross_entropy,
)
from .beam_search import Hypothesis, beam_search
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


SIMILARITIES = ('alignment', 'joint')


class UniVLTask(TargetTask):
    """A target task of UniVL, with its eight losses in the official order."""

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses."""
        return dict(
            loss_joint=joint_loss,
            loss_alignment=alignment_loss,
            loss_mlm=masked_language_loss,
            loss_mfm=masked_frame_loss,
            loss_m_joint=masked_joint_loss,
            loss_m_align=masked_alignment_loss,
            loss_decoder=decoder_loss,
            loss_m_decoder=masked_decoder_loss)


@MODELS.register_module()
class UniVLRetrieval(RetrievalTask, UniVLTask):
    """Find the video of a text among all, and the text of a video.

    To be evaluated with MMAction2's ``RetrievalValLoop``: the encoders run
    once per item, then all texts are scored with all videos. Loss of the
    target: ``loss_alignment``.

    Args:
        hidden_size (int): Given by the model, not used.
        similarity (str): 'alignment': the cross encoder's score, Q x G passes
            of it in blocks; or 'joint': cosine of pooled states, cheap.
            Defaults to 'alignment'.

    Raises:
        ValueError: If there is no such similarity.
    """

    def __init__(self,
                 hidden_size: int,
                 similarity: str = 'alignment') -> None:
        super().__init__()
        if similarity not in SIMILARITIES:
            raise ValueError(f'similarity must be one of {SIMILARITIES}, but '
                             f'got {similarity!r}')
        self.similarity = similarity

    def encode_videos(self, model: UniVL, batch: UniVLBatch) -> Features:
        """Encode videos: ``video`` (B, F, H), ``video_mask`` (B, F)."""
        return dict(video=batch.video, video_mask=batch.video_mask)

    def encode_texts(self, model: UniVL, batch: UniVLBatch) -> Features:
        """Encode texts: ``text`` (B, W, H), ``text_mask`` (B, W)."""
        return dict(text=batch.text, text_mask=batch.text_mask)

    def score(self, model: UniVL, texts: Features,
              videos: Features) -> Tensor:
        """Score any videos for any texts, (Q, G)."""
        function = (model.joint_scores if self.similarity == 'joint' else
                    model.alignment_scores)
        return function(texts['text'], texts['text_mask'], videos['video'],
                        videos['video_mask'])


@MODELS.register_module()
class UniVLSentiment(UniVLTask):
    """Rate the sentiment of an utterance from its transcript and video.

    The official code for this task was never released; this design is
    inferred: mean of the cross encoder's states over words and frames,
    dropout, one linear unit, L1 loss; joint, alignment, MLM and MFM losses
    beside it. Loss of the target: ``loss_sentiment``. Reads the field
    ``sentiment`` (1,), float, of the data samples.

    Args:
        hidden_size (int): Given by the model.
        dropout (float): Rate before the linear unit. Defaults to 0.1.
    """

    target = 'sentiment'

    def __init__(self, hidden_size: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(hidden_size, 1))

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: the rating first, then four of UniVL's."""
        return dict(
            loss_sentiment=self.rating_loss,
            loss_joint=joint_loss,
            loss_alignment=alignment_loss,
            loss_mlm=masked_language_loss,
            loss_mfm=masked_frame_loss)

    def rating_loss(self, model: UniVL, batch: UniVLBatch) -> Tensor:
        """Mean absolute error of the rating."""
        ratings = self.outputs(model, batch).float()
        return F.l1_loss(ratings, batch.field('sentiment').view_as(ratings))

    def outputs(self, model: UniVL, batch: UniVLBatch) -> Tensor:
        """Rate the utterances, (B,)."""
        mask = batch.pair_mask.to(batch.states.dtype)[:, :, None]
        pooled = (batch.states * mask).sum(dim=1) / mask.sum(dim=1)
        return self.head(pooled)[:, 0]

    def predict(self, model: UniVL,
                batch: UniVLBatch) -> List[ActionDataSample]:
        """Set ``pred_sentiment`` (1,), float32."""
        ratings = self.outputs(model, batch).float()
        for sample, rating in zip(batch.data_samples, ratings):
            sample.set_data(dict(pred_sentiment=rating[None]))
        return batch.data_samples


@MODELS.register_module()
class UniVLCaptioning(UniVLTask):
    """Write a caption for a video and its transcript.

    Loss of the target: ``loss_decoder``. Captions are searched by
    :func:`~meltr_mm.models.univl.beam_search.beam_search`, the encoders run
    once and the decoder remembers what it has read.

    Args:
        hidden_size (int): Given by the model, not used.
        tokenizer (str, optional): Turns ids into text: a directory, a hub
            name or 'minilm'. Defaults to None: only ids are predicted.
        beam_size (int): Hypotheses; 1 is greedy search. Defaults to 5.
        max_length (int): Most tokens of a caption. Defaults to 20.
        stopping (str): 'standard' or 'official'. Defaults to 'standard'.
        length_penalty (float): For the standard rule. Defaults to 1.
        start_id (int, optional): Id of [CLS], which begins a caption.
            Defaults to the tokenizer's, or 101 without one.
        end_id (int, optional): Id of [SEP], which ends it. Defaults to the
            tokenizer's, or 102 without one.

    Raises:
        ImportError, ValueError: If the tokenizer cannot be loaded, or has
            other ids than those given.
    """

    target = 'caption'

    def __init__(self,
                 hidden_size: int,
                 tokenizer: Optional[str] = None,
                 beam_size: int = 5,
                 max_length: int = 20,
                 stopping: str = 'standard',
                 length_penalty: float = 1.,
                 start_id: Optional[int] = None,
                 end_id: Optional[int] = None) -> None:
        super().__init__()
        known = 101, 102
        if tokenizer is not None:
            loaded = load_tokenizer(tokenizer)
            known = loaded.cls_token_id, loaded.sep_token_id
        given = tuple(own if one is None else one
                      for one, own in zip((start_id, end_id), known))
        if tokenizer is not None and given != known:
            raise ValueError(
                f'start_id and end_id must be those of tokenizer='
                f'{tokenizer!r}, {known}, but are {given}; leave them out')
        self.tokenizer = tokenizer
        self.start_id, end_id = given
        self.search = dict(
            end=end_id,
            beam_size=beam_size,
            max_length=max_length,
            stopping=stopping,
            length_penalty=length_penalty)

    def outputs(self, model: UniVL, batch: UniVLBatch) -> Tensor:
        """Score each next token of the true captions, (B, L, V)."""
        return model.caption_scores(model.decode(batch, batch.states))

    def predict(self, model: UniVL,
                batch: UniVLBatch) -> List[ActionDataSample]:
        """Set ``pred_ids`` (int64), and ``pred_caption`` with a tokenizer.

        ``pred_ids`` are the tokens of the best hypothesis, up to the end
        token where there is one; ``pred_caption_score`` (float) is what it
        was ranked by.
        """
        for sample, hypotheses in zip(batch.data_samples,
                                      self.hypotheses(model, batch)):
            ids, score = hypotheses[0]
            sample.set_data(
                dict(pred_ids=torch.tensor(ids), pred_caption_score=score))
            if self.tokenizer is not None:
                tokens = load_tokenizer(
                    self.tokenizer).convert_ids_to_tokens(ids)
                sample.set_data(dict(pred_caption=caption_text(tokens)))
        return batch.data_samples

    def hypotheses(self, model: UniVL,
                   batch: UniVLBatch) -> List[List[Hypothesis]]:
        """Search captions: per video its hypotheses, best first."""
        with torch.no_grad():
            writer = _CaptionWriter(model, batch.states, batch.pair_mask)
        return beam_search(
            writer,
            len(batch.states),
            start=self.start_id,
            device=batch.states.device,
            **self.search)


class _CaptionWriter:
    """UniVL's decoder as beam search needs it."""

    def __init__(self, model: UniVL, memory: Tensor, mask: Tensor) -> None:
        self.model = model
        self.cache = model.decoder.start(memory, mask)

    def advance(self, tokens: Tensor) -> Tensor:
        states, self.cache = self.model.decoder.step(
            tokens, self.cache, self.model.text_encoder.embeddings)
        return self.model.caption_scores(states)

    def select(self, captions: Tensor, rows: Tensor) -> None:
        self.cache = self.cache.select(captions, rows)
