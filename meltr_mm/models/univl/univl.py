"""UniVL (Luo et al., 2020), as fine-tuned by MELTR (Ko et al., CVPR 2023).

Shapes: B text-video pairs, Q texts, G videos, W words, F frames, D channels
of a frame's features, H hidden size, V vocabulary.
"""
from functools import partial
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..layers import (
    RankingModel,
    build_bert_config,
    load_pretrained_bert,
)
from .batch import UniVLBatch
from .decoder import CaptionDecoder
from .encoders import CrossEncoder, TextEncoder, VideoEncoder, resized
from .heads import TiedHead
from .rules import LossRules
from .tasks import UniVLTask


@MODELS.register_module()
class UniVL(RankingModel):
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
            see :class:`~meltr_mm.models.univl.rules.LossRules`. Defaults to
            'default'.
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
                 mode: str) -> UniVLBatch:
        """Read frame features, (B, F, D) or (B, 1, F, D), and B samples.

        The features are None where there are texts only.
        """
        features = None if inputs is None else self._clips(inputs)
        return UniVLBatch(self, features, data_samples)

    def loss_functions(self) -> Dict[str, Callable[[UniVLBatch], Tensor]]:
        """Name the losses of the task, in its order."""
        return {
            name: partial(function, self)
            for name, function in self.task.loss_functions().items()
        }

    def predict(self, batch: UniVLBatch) -> List[ActionDataSample]:
        """Write the task's predictions into the samples."""
        return self.task.predict(self, batch)

    def outputs(self, batch: UniVLBatch) -> Any:
        """Compute what the task scores with."""
        return self.task.scores(self, batch)

    def _ranker(self) -> Optional[UniVLTask]:
        return self.task if hasattr(self.task, 'rank_videos') else None

    def predict_all(
        self, *args, **kwargs
    ) -> Tuple[List[ActionDataSample], List[ActionDataSample]]:
        """Rank everything; see the task's method of this name.

        MMAction2's ``RetrievalValLoop`` calls it with the 'tensor' outputs
        of the whole data set.

        Args:
            *args: For the task's method, as are keyword arguments.
            **kwargs: The same.

        Returns:
            tuple[list, list]: What that method returns.

        Raises:
            TypeError: If the task is not retrieval.
        """
        if not hasattr(self.task, 'predict_all'):
            raise TypeError(
                f'{type(self.task).__name__} ranks nothing; use '
                f"val_cfg=dict(type='ValLoop') with it, and the retrieval "
                f'loop with UniVLRetrieval')
        return self.task.predict_all(self, *args, **kwargs)

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

    def alignment_scores(
            self,
            text: Tensor,
            text_mask: Tensor,
            video: Tensor,
            video_mask: Tensor,
            track: Callable[[list], Any] = iter) -> Tensor:
        """Score all pairs with the cross encoder, block by block.

        Args:
            text (Tensor): States, (Q, W, H).
            text_mask (Tensor): (Q, W).
            video (Tensor): States, (G, F, H).
            video_mask (Tensor): (G, F).
            track (callable): Iterates over a list, and may show progress.
                Defaults to ``iter``.

        Returns:
            Tensor: Logits, (Q, G).
        """
        columns = min(len(video), self.pairs_per_pass)
        rows = max(1, self.pairs_per_pass // columns)
        blocks = [(q, g) for q in range(0, len(text), rows)
                  for g in range(0, len(video), columns)]
        scores = [
            self._score_block(text[q:q + rows], text_mask[q:q + rows],
                              video[g:g + columns], video_mask[g:g + columns])
            for q, g in track(blocks)
        ]
        per_row = -(-len(video) // columns)
        return torch.cat([
            torch.cat(scores[i:i + per_row], dim=1)
            for i in range(0, len(scores), per_row)
        ])

    def _score_block(self, text: Tensor, text_mask: Tensor, video: Tensor,
                     video_mask: Tensor) -> Tensor:
        Q, G = len(text), len(video)
        states = self.cross_encoder(
            text.repeat_interleave(G, dim=0),
            text_mask.repeat_interleave(G, dim=0), video.repeat(Q, 1, 1),
            video_mask.repeat(Q, 1))
        return self.similarity(self.cross_encoder.pooler(states)).view(Q, G)

    def decode(self, batch: UniVLBatch, memory: Tensor) -> Tensor:
        """Decode the batch's captions, given their true beginnings.

        Args:
            batch (UniVLBatch): Has the captions.
            memory (Tensor): States of its pairs, (B, W + F, H).

        Returns:
            Tensor: (B, L, H).
        """
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


def _masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    mask = mask.to(states.dtype)[:, :, None]
    # A clip without frames has the mean 0.
    return (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
