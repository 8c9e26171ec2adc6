"""VIOLET (Fu et al., 2021), as fine-tuned by MELTR (Ko et al., CVPR 2023).

Shapes: B videos, R text rows (R = B where a video has one text), of which M
are read with hidden words (all, unless the task says otherwise), T frames, H
x W pixels, n = T (1 + h w) video positions with h = H / 32 and w = W / 32, X
text positions, D hidden size.
"""
from functools import cached_property
from typing import Dict, Optional, Sequence, Union

import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..layers import (
    SampleBatch,
    VideoTextModel,
    build_bert,
    build_bert_config,
    build_mlm_head,
    load_pretrained_bert,
)
from .video_encoder import CELL, VioletVideoEncoder


@MODELS.register_module()
class Violet(VideoTextModel):
    """Video-language transformer over Video Swin cells and BERT words.

    Video positions and embedded words form one sequence, which BERT layers
    fuse; there is no text-only layer before. The state of the text's [CLS]
    (position n) answers questions and matches videos with texts; the words'
    states name hidden words (MTM), the cells' states the discrete codes of
    hidden cells (MVM).

    The input is what ``ActionDataPreprocessor(mean=..., std=...,
    format_shape='NCTHW')`` yields. Masked cells are black pixels, so they
    are filled with -mean/std of that preprocessor (with 0 if it does not
    normalise).

    Fields of the data samples: ``text_ids`` and ``text_mask`` (X,) int64
    always; in loss mode, for the losses that are asked for, ``gt_label``
    (1,), ``masked_text_ids`` and ``mtm_labels`` (X,), ``mvm_labels`` (n,),
    all int64 with -1 = no label, and ``patch_mask`` (T, h, w) bool. With O
    options to choose from, what is (X,) here is (O, X).

    Args:
        task (dict): Target task: ``dict(type='VioletOpenEndedQA',
            num_answers=1000)``, ``dict(type='VioletMultipleChoiceQA')`` or
            ``dict(type='VioletRetrieval')``, with their arguments.
        video_encoder (dict): Arguments of :class:`VioletVideoEncoder`
            without ``hidden_size``.
        bert (dict): Fields of ``BertConfig`` for words, fusion layers and
            the MTM head, and ``attn_implementation``: 'eager' (default) or
            'sdpa'. Defaults to bert-base-uncased.
        num_codes (int): Size of the visual codebook. Defaults to 8192.
        head_dropout (float): Rate in the VTM and MVM heads. Defaults to 0.1.
        temperature (float): Divides the matching scores in the VTM loss.
            Defaults to 0.05.
        masked_frames_for_target (bool): True shows the masked frames to all
            losses, as the official code does in training (one video pass);
            False shows clean frames to the target and VTM losses (two).
            Defaults to False.
        pretrained_bert (str, optional): Hub name or directory of a BERT of
            the same sizes that ``init_weights`` loads into words, fusion
            layers and MTM head. Defaults to None: N(0, 0.02) as BERT's own.
        with_cp (bool): Recompute the fusion layers' activations in the
            backward pass; the backbone has a switch of its own. Defaults to
            False.
        data_preprocessor (dict, optional): See above.
        init_cfg (dict, optional): MMEngine's initialisation.

    Examples:
        >>> model = MODELS.build(dict(
        ...     type='Violet',
        ...     task=dict(type='VioletOpenEndedQA', num_answers=1000),
        ...     video_encoder=dict(swin=dict(arch='small'))))
        >>> losses = model(inputs, data_samples, mode='loss')
        >>> list(losses)
        ['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm']
    """

    def __init__(self,
                 task: Dict,
                 video_encoder: Dict,
                 bert: Optional[Dict] = None,
                 num_codes: int = 8192,
                 head_dropout: float = 0.1,
                 temperature: float = 0.05,
                 masked_frames_for_target: bool = False,
                 pretrained_bert: Optional[str] = None,
                 with_cp: bool = False,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Dict] = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.bert_config = build_bert_config(bert or {})
        self.temperature = temperature
        self.masked_frames_for_target = masked_frames_for_target
        self.pretrained_bert = pretrained_bert

        hidden_size = self.bert_config.hidden_size
        self.video_encoder = VioletVideoEncoder(
            hidden_size=hidden_size, **video_encoder)
        self.text_embeddings, self.fusion = build_bert(
            self.bert_config, with_cp)
        self.vtm_head = build_mlp_head(hidden_size, 1, head_dropout)
        self.mtm_head = build_mlm_head(self.bert_config)
        self.mvm_head = build_mlp_head(hidden_size, num_codes, head_dropout)
        self.task = MODELS.build({**task, 'hidden_size': hidden_size})

    def init_weights(self) -> None:
        """Initialise as configured, then load ``pretrained_bert`` if set."""
        super().init_weights()
        if self.pretrained_bert:
            load_pretrained_bert(self.pretrained_bert, self.bert_config,
                                 self.text_embeddings, self.fusion,
                                 self.mtm_head)

    def batch_of(self, inputs: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 mode: str) -> 'VioletBatch':
        """Read normalised RGB frames, (B, 1, 3, T, H, W) or (B, 3, T, H, W).
        """
        masked_targets = mode == 'loss' and self.masked_frames_for_target
        frames = None if inputs is None else self._clips(inputs)
        return VioletBatch(self, frames, data_samples, masked_targets)

    def fuse(self, video: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """Let video and text attend to each other.

        Args:
            video (Tensor): Video features, (B, n, D). If there are more
                texts than videos, R / B consecutive texts belong to each.
            text (Tensor): Embedded text, (R, X, D).
            text_mask (Tensor): 1 = word, 0 = padding, (R, X).

        Returns:
            Tensor: Fused states, video first, (R, n + X, D).
        """
        if len(text) != len(video):
            video = video.repeat_interleave(len(text) // len(video), dim=0)
        states = torch.cat([video, text], dim=1)
        seen = text_mask.new_ones(states.shape[0], video.shape[1])
        return self.fusion(states, torch.cat([seen, text_mask], dim=1))

    def match(self, video: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """Score every video (B, n, D) against every text (R, X, D), with the
        mask (R, X), in one pass: logits without temperature, (B, R)."""
        B, R = len(video), len(text)
        scores = self.match_rows(
            video,
            text.expand(B, *text.shape).flatten(0, 1),
            text_mask.expand(B, *text_mask.shape).flatten(0, 1))
        return scores.view(B, R)

    def match_rows(self, video: Tensor, text: Tensor,
                   text_mask: Tensor) -> Tensor:
        """Score each text against the video that :meth:`fuse` puts with it:
        logits without temperature, (R,)."""
        states = self.fuse(video, text, text_mask)
        cls = self.read_out(states, video.shape[1])
        return self.vtm_head(cls).squeeze(-1)

    @staticmethod
    def read_out(states: Tensor, num_video: int) -> Tensor:
        """Take the state of the text's [CLS], (R, n + X, D) -> (R, D)."""
        return states[:, num_video]

    def black_level(self) -> Union[Tensor, float]:
        """Give what a black pixel becomes by normalisation: -mean/std, (3,
        1, 1, 1), or 0."""
        mean = getattr(self.data_preprocessor, 'mean', None)
        if mean is None:
            return 0.
        return (-mean / self.data_preprocessor.std).view(-1, 1, 1, 1)

    @staticmethod
    def _clips(inputs: Tensor) -> Tensor:
        if inputs.dim() == 6 and inputs.shape[1] == 1:
            inputs = inputs[:, 0]
        if inputs.dim() != 5 or inputs.shape[1] != 3:
            raise ValueError(
                f'inputs must be (B, 1, 3, T, H, W) or (B, 3, T, H, W), but '
                f'have the shape {tuple(inputs.shape)}; use one clip per '
                f"video and FormatShape(input_format='NCTHW')")
        return inputs


class VioletBatch(SampleBatch):
    """What VIOLET makes of a batch.

    Args:
        model (Violet): Encoders and fusion layers.
        frames (Tensor, optional): Normalised frames, (B, 3, T, H, W); None
            where only texts are encoded.
        data_samples (Sequence[ActionDataSample]): B samples.
        masked_targets (bool): Show masked frames to every loss.
            Defaults to False.
    """

    def __init__(self,
                 model: Violet,
                 frames: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 masked_targets: bool = False) -> None:
        super().__init__(model, data_samples)
        self.frames = frames
        self.masked_targets = masked_targets

    @cached_property
    def video(self) -> Tensor:
        """Features of the frames that target and matching see, (B, n, D)."""
        if self.masked_targets:
            return self.masked_video
        return self.model.video_encoder(self.frames)

    @cached_property
    def masked_video(self) -> Tensor:
        """Features of the frames with masked cells blacked out, (B, n, D)."""
        return self.model.video_encoder(
            black_out(self.frames, self.field('patch_mask'),
                      self.model.black_level()))

    @cached_property
    def text(self) -> Tensor:
        """Embedded text, (R, X, D)."""
        return self.model.text_embeddings(self._rows('text_ids'))

    @cached_property
    def masked_text(self) -> Tensor:
        """Embedded text with hidden words, (M, X, D)."""
        return self.model.text_embeddings(self.masked_rows('masked_text_ids'))

    @cached_property
    def text_mask(self) -> Tensor:
        """1 = word, 0 = padding, (R, X)."""
        return self._rows('text_mask')

    @cached_property
    def target_states(self) -> Tensor:
        """Fused states of each video with its text, (R, n + X, D)."""
        return self.model.fuse(self.video, self.text, self.text_mask)

    @cached_property
    def masked_states(self) -> Tensor:
        """Fused states of masked video and masked text, (M, n + X, D)."""
        return self.model.fuse(self.masked_video, self.masked_text,
                               self.masked_rows('text_mask'))

    def masked_rows(self, name: str) -> Tensor:
        """Stack a field of the texts whose hidden words are named, (M, X)."""
        return self.model.task.masked_rows(self, self._rows(name))

    def _rows(self, name: str) -> Tensor:
        # One row per text, whether a sample has one or several.
        return self.field(name).flatten(0, -2)


def black_out(frames: Tensor, patch_mask: Tensor,
              black: Union[Tensor, float]) -> Tensor:
    """Fill the masked cells of every frame.

    Args:
        frames (Tensor): Normalised frames, (B, 3, T, H, W).
        patch_mask (Tensor): bool, True = masked, (B, T, H/32, W/32).
        black (Tensor or float): What a black pixel becomes by
            normalisation, broadcastable to ``frames``.

    Returns:
        Tensor: A new tensor like ``frames``, which is left as it is.

    Raises:
        ValueError: If the mask has not one entry per cell.
    """
    B, _, T, H, W = frames.shape
    expected = (B, T, H // CELL, W // CELL)
    if patch_mask.shape != expected:
        raise ValueError(
            f'patch_mask must have one entry per {CELL} x {CELL} cell, '
            f'{expected[1:]} for frames of {H} x {W}, but has '
            f'{tuple(patch_mask.shape[1:])}; make the masking transform and '
            f'the resize transform agree')
    pixels = patch_mask.repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
    pixels = pixels.bool()[:, None]  # (B, 1, T, H, W)
    if isinstance(black, Tensor):
        black = black.to(frames).expand_as(frames)
        return black.where(pixels, frames)
    return frames.masked_fill(pixels, black)


def build_mlp_head(hidden_size: int,
                   num_outputs: int,
                   dropout: float = 0.1) -> nn.Sequential:
    """Build dropout, Linear(D, 2 D), ReLU, Linear(2 D, K), with torch's
    default initialisation: (..., D) -> (..., K)."""
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(hidden_size, 2 * hidden_size),
        nn.ReLU(), nn.Linear(2 * hidden_size, num_outputs))
