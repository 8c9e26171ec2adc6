"""UniVL (Luo et al., 2020), as fine-tuned by MELTR (Ko et al., CVPR 2023).

Shapes: B text-video pairs, Q texts, G videos, W words, F frames, D channels
of a frame's features, H hidden size, V vocabulary.
"""
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Dict, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..layers import (
    IGNORED,
    SampleBatch,
    VideoTextModel,
    build_bert_config,
    load_pretrained_bert,
)
from .networks import (
    CaptionDecoder,
    CrossEncoder,
    TextEncoder,
    TiedHead,
    VideoEncoder,
    resized,
)


@dataclass(frozen=True)
class LossRules:
    """Switches between the official losses and what they are meant to be.

    The defaults are how the losses are meant; :meth:`of` knows the preset
    'official', which has every switch on and gives the numbers of the
    released code.

    Args:
        count_padding (bool): The two decoder losses also train the model to
            write [PAD] after the end, and average over these positions.
            Defaults to False.
        margin_diagonal (bool): The two max-margin losses compare each pair
            with itself too, which adds the constant 2 margin / B, and
            average over B^2 instead of B (B - 1) pairs. Defaults to False.
        text_to_video_only (bool): The two alignment losses look for the
            video of each text, and not for the text of each video.
            Defaults to False.
    """

    count_padding: bool = False
    margin_diagonal: bool = False
    text_to_video_only: bool = False

    @classmethod
    def of(cls, rules: Union[str, Dict[str, bool]]) -> 'LossRules':
        """Make the rules that a config names.

        Args:
            rules (str or dict): 'default', 'official', or a dict of switches
                (those left out have their default).

        Returns:
            LossRules: The rules.

        Raises:
            ValueError: If there is no such preset or switch.
        """
        switches = [field.name for field in fields(cls)]
        if rules == 'default':
            return cls()
        if rules == 'official':
            return cls(**dict.fromkeys(switches, True))
        if not isinstance(rules, dict) or set(rules) - set(switches):
            raise ValueError(
                f"loss_rules must be 'default', 'official' or a dict of "
                f'{switches}, but got {rules!r}')
        return cls(**rules)


@MODELS.register_module()
class UniVL(VideoTextModel):
    """Text, video and cross encoder and a caption decoder, all BERT-like.

    Videos come as one feature vector per second (S3D). They are normalised
    over their channels and encoded like words; the cross encoder runs over
    the states of a text and of a video; the decoder writes a caption from its
    states. Word and position embeddings of the decoder, and the output
    matrices of the three prediction heads, are those of the encoders.

    The inputs are features, (B, F, D), as ``ActionDataPreprocessor()``
    stacks them. Fields of the data samples, all int64: ``text_ids``,
    ``text_mask`` (W,) and ``video_mask`` (F,) always; in loss mode, for the
    losses that are asked for, ``masked_text_ids`` and ``mlm_labels`` (W,),
    ``mfm_labels`` (F,) with -1 = not hidden, ``caption_ids`` ([CLS] and
    tokens), ``caption_labels`` (tokens and [SEP]) and ``caption_mask`` (L,),
    all padded with 0. Hidden frames become zero vectors inside the model.

    Args:
        task (dict): Target task, such as ``dict(type='UniVLRetrieval')``.
        bert (dict): Fields of ``BertConfig`` for the text encoder, whose
            widths all parts share, and ``attn_implementation``: 'eager'
            (default) or 'sdpa'. Defaults to bert-base-uncased.
        feature_dim (int): D. Defaults to 1024.
        video_layers (int): Layers of the video encoder. Defaults to 6.
        cross_layers (int): Layers of the cross encoder. Defaults to 2.
        decoder_layers (int): Layers of the decoder. Defaults to 3.
        max_frames (int): Positions of the video encoder. Defaults to 512.
        max_pair_length (int): Positions of the cross encoder, for words and
            frames together. Defaults to 1024.
        margin (float): Of the joint losses. Defaults to 0.1.
        normalize_joint (bool): Compare pooled texts and videos by cosine
            instead of by inner product. Defaults to True.
        pairs_per_pass (int): The alignment scores run the cross encoder on
            at most so many pairs at once. Defaults to 640.
        loss_rules (str or dict): 'default', 'official' or single switches;
            see :class:`LossRules`. Defaults to 'default'.
        pretrained_bert (str, optional): Hub name or directory of a BERT of
            the same sizes that ``init_weights`` loads into the text encoder.
            Defaults to None: N(0, 0.02) as BERT's own.
        with_cp (bool): Recompute the encoders' activations in the backward
            pass. Defaults to False.
        data_preprocessor (dict, optional): See above.
        init_cfg (dict, optional): MMEngine's initialisation.

    Examples:
        >>> model = MODELS.build(dict(
        ...     type='UniVL', task=dict(type='UniVLRetrieval')))
        >>> losses = model(inputs, data_samples, mode='loss')
        >>> list(losses)[:3]
        ['loss_joint', 'loss_alignment', 'loss_mlm']
    """

    def __init__(self,
                 task: Dict,
                 bert: Optional[Dict] = None,
                 feature_dim: int = 1024,
                 video_layers: int = 6,
                 cross_layers: int = 2,
                 decoder_layers: int = 3,
                 max_frames: int = 512,
                 max_pair_length: int = 1024,
                 margin: float = 0.1,
                 normalize_joint: bool = True,
                 pairs_per_pass: int = 640,
                 loss_rules: Union[str, Dict[str, bool]] = 'default',
                 pretrained_bert: Optional[str] = None,
                 with_cp: bool = False,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Dict] = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        # No row of the word table is special: [PAD] is an output too.
        config = build_bert_config({**(bert or {}), 'pad_token_id': None})
        self.bert_config = config
        if pairs_per_pass < 1:
            raise ValueError('pairs_per_pass must be positive, but got '
                             f'{pairs_per_pass!r}')
        self.margin = margin
        self.normalize_joint = normalize_joint
        self.pairs_per_pass = pairs_per_pass
        self.rules = LossRules.of(loss_rules)
        self.pretrained_bert = pretrained_bert

        self.text_encoder = TextEncoder(config, with_cp)
        self.video_norm = nn.LayerNorm(feature_dim, config.layer_norm_eps)
        self.video_encoder = VideoEncoder(
            resized(
                config,
                num_hidden_layers=video_layers,
                max_position_embeddings=max_frames), feature_dim, with_cp)
        self.cross_encoder = CrossEncoder(
            resized(
                config,
                num_hidden_layers=cross_layers,
                max_position_embeddings=max_pair_length), with_cp)
        self.similarity = nn.Linear(config.hidden_size, 1)
        nn.init.normal_(self.similarity.weight, std=config.initializer_range)
        nn.init.zeros_(self.similarity.bias)
        self.decoder = CaptionDecoder(
            resized(config, num_hidden_layers=decoder_layers))
        self.caption_head = TiedHead(config, config.vocab_size)
        self.word_head = TiedHead(config, config.vocab_size)
        self.frame_head = TiedHead(config, feature_dim)
        self.task = MODELS.build({**task, 'hidden_size': config.hidden_size})

    def init_weights(self) -> None:
        """Initialise as configured, then load ``pretrained_bert`` if set."""
        super().init_weights()
        if self.pretrained_bert:
            load_pretrained_bert(self.pretrained_bert, self.bert_config,
                                 self.text_encoder.embeddings,
                                 self.text_encoder.layers)

    def batch_of(self, inputs: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 mode: str) -> 'UniVLBatch':
        """Read frame features, (B, F, D) or (B, 1, F, D)."""
        features = None if inputs is None else self._clips(inputs)
        return UniVLBatch(self, features, data_samples)

    def normalize(self, features: Tensor) -> Tensor:
        """Normalise frames over their channels, padding too, (B, F, D)."""
        return self.video_norm(features.to(self.video_norm.weight.dtype))

    def joint_scores(self, text: Tensor, text_mask: Tensor, video: Tensor,
                     video_mask: Tensor) -> Tensor:
        """Compare pooled texts with pooled videos, the cheap similarity.

        The mean of a text leaves [CLS] out.

        Args:
            text (Tensor): States, (Q, W, H).
            text_mask (Tensor): (Q, W).
            video (Tensor): States, (G, F, H).
            video_mask (Tensor): (G, F).

        Returns:
            Tensor: Cosines, or inner products, (Q, G).
        """
        texts = _masked_mean(text[:, 1:], text_mask[:, 1:])
        videos = _masked_mean(video, video_mask)
        if self.normalize_joint:
            texts = F.normalize(texts, dim=-1)
            videos = F.normalize(videos, dim=-1)
        return texts @ videos.t()

    def alignment_scores(self, text: Tensor, text_mask: Tensor,
                         video: Tensor, video_mask: Tensor) -> Tensor:
        """Score all pairs with the cross encoder, block by block.

        Takes what :meth:`joint_scores` takes, and returns logits, (Q, G).
        """
        columns = min(len(video), self.pairs_per_pass)
        rows = max(1, self.pairs_per_pass // columns)
        return torch.cat([
            torch.cat([
                self._score_block(text[q:q + rows], text_mask[q:q + rows],
                                  video[g:g + columns],
                                  video_mask[g:g + columns])
                for g in range(0, len(video), columns)
            ], dim=1) for q in range(0, len(text), rows)
        ])

    def _score_block(self, text: Tensor, text_mask: Tensor, video: Tensor,
                     video_mask: Tensor) -> Tensor:
        Q, G = len(text), len(video)
        states = self.cross_encoder(
            text.repeat_interleave(G, dim=0),
            text_mask.repeat_interleave(G, dim=0), video.repeat(Q, 1, 1),
            video_mask.repeat(Q, 1))
        return self.similarity(self.cross_encoder.pooler(states)).view(Q, G)

    def decode(self, batch: 'UniVLBatch', memory: Tensor) -> Tensor:
        """Decode the batch's captions, given their true beginnings, from the
        states of its pairs: (B, W + F, H) -> (B, L, H)."""
        return self.decoder(
            batch.field('caption_ids'), batch.field('caption_mask'), memory,
            batch.pair_mask, self.text_encoder.embeddings)

    def caption_scores(self, states: Tensor) -> Tensor:
        """Score the next token, (..., H) -> (..., V)."""
        return self.caption_head(states, self._words)

    def word_scores(self, states: Tensor) -> Tensor:
        """Score a hidden word, (..., H) -> (..., V)."""
        return self.word_head(states, self._words)

    @property
    def _words(self) -> Tensor:
        return self.text_encoder.embeddings.word_embeddings.weight

    def _clips(self, inputs: Tensor) -> Tensor:
        if inputs.dim() == 4 and inputs.shape[1] == 1:
            inputs = inputs[:, 0]
        D = self.video_norm.normalized_shape[0]
        if inputs.dim() != 3 or inputs.shape[2] != D:
            raise ValueError(
                f'inputs must be features (B, F, {D}), but have the shape '
                f'{tuple(inputs.shape)}; set feature_dim to the width of the '
                f'features, and pack one clip per sample')
        return inputs


class UniVLBatch(SampleBatch):
    """What UniVL makes of a batch.

    "Masked" is what the model sees when words and frames are hidden from it;
    paddings are the same for both.

    Args:
        model (UniVL): Encoders.
        features (Tensor, optional): Frame features as they are on disk,
            (B, F, D); None where only texts are encoded.
        data_samples (Sequence[ActionDataSample]): B samples.
    """

    def __init__(self, model: UniVL, features: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]]) -> None:
        super().__init__(model, data_samples)
        self.features = features

    @cached_property
    def text_mask(self) -> Tensor:
        """1 = word, 0 = padding, (B, W)."""
        return self.field('text_mask')

    @cached_property
    def video_mask(self) -> Tensor:
        """1 = frame, 0 = padding, (B, F)."""
        mask = self.field('video_mask')
        if mask.shape != self.features.shape[:2]:
            raise ValueError(
                f'video_mask must have one entry per frame, '
                f'{self.features.shape[1]} here, but has {mask.shape[1]}; '
                f'pad features and mask alike')
        return mask

    @cached_property
    def pair_mask(self) -> Tensor:
        """Both masks, text first, (B, W + F)."""
        return torch.cat([self.text_mask, self.video_mask], dim=1)

    @cached_property
    def frames(self) -> Tensor:
        """Normalised features, (B, F, D)."""
        return self.model.normalize(self.features)

    @cached_property
    def text(self) -> Tensor:
        """States of the text, (B, W, H)."""
        return self.model.text_encoder(
            self.field('text_ids'), self.text_mask)

    @cached_property
    def masked_text(self) -> Tensor:
        """States of the text with hidden words, (B, W, H)."""
        return self.model.text_encoder(
            self.field('masked_text_ids'), self.text_mask)

    @cached_property
    def video(self) -> Tensor:
        """States of the video, (B, F, H)."""
        return self.model.video_encoder(self.frames, self.video_mask)

    @cached_property
    def masked_frames(self) -> Tensor:
        """Normalised features, hidden frames zero before it, (B, F, D)."""
        hidden = self.field('mfm_labels') != IGNORED
        return self.model.normalize(
            self.features.masked_fill(hidden[:, :, None], 0.))

    @cached_property
    def masked_video(self) -> Tensor:
        """States of the video with hidden frames, (B, F, H)."""
        return self.model.video_encoder(self.masked_frames, self.video_mask)

    @cached_property
    def states(self) -> Tensor:
        """Joint states of each pair, text first, (B, W + F, H)."""
        return self.model.cross_encoder(self.text, self.text_mask, self.video,
                                        self.video_mask)

    @cached_property
    def masked_states(self) -> Tensor:
        """Joint states of each masked pair, (B, W + F, H)."""
        return self.model.cross_encoder(self.masked_text, self.text_mask,
                                        self.masked_video, self.video_mask)


def _masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    mask = mask.to(states.dtype)[:, :, None]
    # A clip without frames has the mean 0.
    return (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
