"""All-in-one (Wang et al., CVPR 2023), as fine-tuned by MELTR (Ko et al.).

Shapes: B videos, R text rows, T frames, H x W pixels, N visual tokens per
frame ([CLS] and patches), L text tokens, C candidate texts per video, D
width.
"""
from functools import cached_property
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS, Registry
from torch import Tensor, nn

from ..layers import (
    Objective,
    SampleBatch,
    TargetTask,
    VideoTextModel,
    build_bert,
    build_bert_config,
)

TEXT, VIDEO = 0, 1  # rows of the table of modalities

# The objectives, by the names that configs and checkpoints have for them.
HEADS = Registry('head of All-in-one')


@MODELS.register_module()
class AllInOne(VideoTextModel):
    """One transformer for text, for video, and for both.

    Words are embedded as in BERT and given to every frame; a frame is its
    patches and a [CLS]. Each frame with the words is an attention sequence
    of its own; before each layer some visual tokens change frames, which is
    all that frames see of each other. States are normalised, then averaged
    over the frames. Text alone and video alone run through the same layers.

    The input is what ``ActionDataPreprocessor(mean=..., std=...,
    format_shape='NCTHW')`` yields. Fields of the data samples, for the heads
    that read them: ``text_ids`` and ``text_mask``, (L,) int64; for 'mlm'
    ``masked_text_ids`` and ``mlm_labels``, (L,) int64 with -1 = not hidden;
    for 'rank' and 'mc' ``option_ids`` and ``option_mask``, (C, L) int64; for
    'qa', 'rank' and 'mc' ``gt_label``, (1,) int64.

    Args:
        heads (dict[str, dict]): Objectives and their arguments, in the order
            of the losses: 'mlm' (:class:`MaskedLanguageHead`), 'itc'
            (:class:`ContrastiveHead`), 'itm' (:class:`MatchingHead`), 'rank'
            (:class:`RankingHead`), 'qa' (:class:`OpenEndedQAHead`), 'mc'
            (:class:`MultipleChoiceQAHead`).
        target (str): The head that predicts, one of 'itc', 'rank', 'qa' and
            'mc'.
        vit (dict, optional): Arguments of :class:`AllInOneViT` without
            ``embed_dims``. Defaults to ViT-B/16 for 3 frames of 224 pixels.
        bert (dict, optional): Fields of ``BertConfig`` for the word
            embeddings and the MLM head; ``max_position_embeddings`` is the
            largest L. Defaults to bert-base-uncased with L = 40.
        data_preprocessor (dict, optional): See above.
        init_cfg (dict, optional): MMEngine's initialisation. Defaults to
            N(0, 0.02) and zero biases outside the vision transformer, which
            draws its own.

    Raises:
        ValueError: If a head is unknown, or ``target`` is not one of
            ``heads`` that predicts.

    Examples:
        >>> model = MODELS.build(dict(
        ...     type='AllInOne',
        ...     heads=dict(mlm=dict(), itc=dict(shared_dim=512)),
        ...     target='itc'))
        >>> losses = model(inputs, data_samples, mode='loss')
        >>> list(losses)
        ['loss_mlm', 'loss_itc']
    """

    def __init__(self,
                 heads: Dict[str, Dict],
                 target: str,
                 vit: Optional[Dict] = None,
                 bert: Optional[Dict] = None,
                 data_preprocessor: Optional[Dict] = None,
                 init_cfg: Optional[Dict] = None) -> None:
        if init_cfg is None:
            init_cfg = dict(
                type='Normal', layer=['Linear', 'Embedding'], std=0.02)
        super().__init__(data_preprocessor, init_cfg)
        self.bert_config = build_bert_config(
            {'max_position_embeddings': 40, **(bert or {}),
             'num_hidden_layers': 0})
        D = self.bert_config.hidden_size
        self.text_embeddings, _ = build_bert(self.bert_config)
        self.modality_embeddings = nn.Embedding(2, D)
        self.vit = MODELS.build(
            {'type': 'AllInOneViT', **(vit or {}), 'embed_dims': D})
        self.pooler = nn.Linear(D, D)
        known = HEADS.module_dict
        unknown = [name for name in heads if name not in known]
        if unknown:
            raise ValueError(
                f'heads must be among {list(known)}, but got {unknown}')
        self.heads = nn.ModuleDict({
            name: known[name](self.bert_config, **options)
            for name, options in heads.items()
        })
        predicting = [name for name, head in self.heads.items()
                      if isinstance(head, TargetTask)]
        if target not in predicting:
            raise ValueError(
                f'target must be one of the heads that predict, {predicting} '
                f'here, but got {target!r}')
        self.target_head = target

    @property
    def task(self) -> TargetTask:
        """TargetTask: The head that predicts."""
        return self.heads[self.target_head]

    def objectives(self) -> List[Objective]:
        """Give all heads, in the order of the config."""
        return list(self.heads.values())

    def batch_of(self, inputs: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 mode: str) -> 'AllInOneBatch':
        """Read normalised RGB frames and their samples.

        Args:
            inputs (Tensor, optional): (B, 1, 3, T, H, W) or (B, 3, T, H, W);
                None for texts only. With the target 'itc', in the modes
                'predict' and 'tensor', also (B, V, 3, T, H, W): V clips of
                each video, whose similarities are averaged.
            data_samples (Sequence[ActionDataSample]): B samples.
            mode (str): Of :meth:`forward`.

        Returns:
            AllInOneBatch: The batch.
        """
        takes_views = self.target == 'retrieval' and mode != 'loss'
        frames, views = (None, 1) if inputs is None else _clips(
            inputs, takes_views)
        return AllInOneBatch(self, frames, data_samples, views)

    def embed_text(self, ids: Tensor) -> Tensor:
        """Embed words, (R, L) int64 -> (R, L, D)."""
        words = self.text_embeddings(ids)
        return words + self.modality_embeddings.weight[TEXT]

    def embed_video(self, frames: Tensor) -> Tensor:
        """Embed patches, (B, 3, T, H, W) -> visual tokens (B, T, N, D)."""
        return self.vit.embed(frames) + self.modality_embeddings.weight[VIDEO]

    def fuse(self, text: Tensor, text_mask: Tensor, video: Tensor) -> Tensor:
        """Let each text and its video attend to each other.

        Args:
            text (Tensor): Embedded text, (R, L, D).
            text_mask (Tensor): 1 = word, 0 = padding, (R, L).
            video (Tensor): Visual tokens, (R, T, N, D).

        Returns:
            Tensor: Mean states over the frames, text first, (R, L + N, D).
        """
        copies = _per_frame(text, video.shape[1])
        return self.vit(copies, text_mask, video).mean(dim=1)

    def encode_text(self, text: Tensor, text_mask: Tensor) -> Tensor:
        """Encode texts by themselves.

        In training a text runs as often as a clip has frames and the mean is
        taken, as in :meth:`fuse`: each copy has its own dropout.

        Args:
            text (Tensor): Embedded text, (R, L, D).
            text_mask (Tensor): 1 = word, 0 = padding, (R, L).

        Returns:
            Tensor: States, (R, L, D).
        """
        copies = self.vit.num_frames if self.training else 1
        return self.vit(_per_frame(text, copies), text_mask).mean(dim=1)

    def encode_video(self, video: Tensor) -> Tensor:
        """Encode videos by themselves, (B, T, N, D) -> mean (B, N, D)."""
        return self.vit(video=video).mean(dim=1)

    def pool(self, states: Tensor) -> Tensor:
        """Summarise joint states by the text's [CLS], (R, *, D) -> (R, D)."""
        return self.pooler(states[:, 0]).tanh()

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        """Start a ranking head that a checkpoint lacks from its matching
        head, whose row 1 scores "own video"."""
        rank, itm = (f'{prefix}heads.{name}.fc' for name in ('rank', 'itm'))
        if 'rank' in self.heads and f'{rank}.weight' not in state_dict:
            for part in ('weight', 'bias'):
                if f'{itm}.{part}' in state_dict:
                    state_dict[f'{rank}.{part}'] = state_dict[
                        f'{itm}.{part}'][1:]
        super()._load_from_state_dict(state_dict, prefix, *args)


class AllInOneBatch(SampleBatch):
    """What All-in-one makes of a batch.

    Args:
        model (AllInOne): Embeddings and transformer.
        frames (Tensor, optional): Normalised frames, (B * views, 3, T, H,
            W); None where only texts are encoded.
        data_samples (Sequence[ActionDataSample]): B samples.
        views (int): Clips per video. More than one is for encoding videos by
            themselves. Defaults to 1.
    """

    def __init__(self,
                 model: AllInOne,
                 frames: Optional[Tensor],
                 data_samples: Optional[Sequence[ActionDataSample]],
                 views: int = 1) -> None:
        super().__init__(model, data_samples)
        self.frames = frames
        self.views = views

    @cached_property
    def text_mask(self) -> Tensor:
        """1 = word, 0 = padding, (B, L)."""
        return self.field('text_mask')

    @cached_property
    def text(self) -> Tensor:
        """Embedded text, (B, L, D)."""
        return self.model.embed_text(self.field('text_ids'))

    @cached_property
    def video(self) -> Tensor:
        """Visual tokens, (B * views, T, N, D)."""
        return self.model.embed_video(self.frames)

    @cached_property
    def text_states(self) -> Tensor:
        """Texts by themselves, (B, L, D)."""
        return self.model.encode_text(self.text, self.text_mask)

    @cached_property
    def video_states(self) -> Tensor:
        """Videos by themselves, (B * views, N, D)."""
        return self.model.encode_video(self.video)

    @cached_property
    def joint_states(self) -> Tensor:
        """Each video with its text, (B, L + N, D)."""
        return self.model.fuse(self.text, self.text_mask, self.video)

    @cached_property
    def masked_states(self) -> Tensor:
        """Each video with its text, some words hidden, (B, L + N, D)."""
        text = self.model.embed_text(self.field('masked_text_ids'))
        return self.model.fuse(text, self.text_mask, self.video)

    @cached_property
    def option_states(self) -> Tensor:
        """Each video with each of its candidate texts, (B * C, L + N, D)."""
        ids = self.field('option_ids')
        return self.model.fuse(
            self.model.embed_text(ids.flatten(0, 1)),
            self.field('option_mask').flatten(0, 1),
            self.video.repeat_interleave(ids.shape[1], dim=0))

    @cached_property
    def is_matched(self) -> Tensor:
        """Which texts have their own video in the states below, (B,) bool.

        The first half, at least one: the sampler has shuffled the batch.
        """
        B = len(self.frames)
        return torch.arange(B, device=self.frames.device) < max(1, B // 2)

    @cached_property
    def half_matched_states(self) -> Tensor:
        """Texts with their own video or another's, (B, L + N, D).

        The other video is that of the next sample, or the samples' field
        ``other_frames`` (3, T, H, W), normalised, where they have it:
        officially it is any other video of the data set.
        """
        text = self.text
        if 'other_frames' in self.data_samples[0]:
            other = self.model.embed_video(self.field('other_frames'))
        else:
            other = self.video.roll(-1, dims=0)
        own = self.is_matched.view(-1, 1, 1, 1)
        return self.model.fuse(text, self.text_mask,
                               self.video.where(own, other))


def _per_frame(text: Tensor, count: int) -> Tensor:
    return text[:, None].expand(-1, count, -1, -1)


def _clips(inputs: Tensor, takes_views: bool) -> Tuple[Tensor, int]:
    """Flatten clips: (B, V, 3, T, H, W) -> (B * V, 3, T, H, W), V."""
    if inputs.dim() == 5:
        inputs = inputs[:, None]
    views = inputs.shape[1]
    if inputs.dim() != 6 or inputs.shape[2] != 3 or not (views == 1
                                                         or takes_views):
        raise ValueError(
            f'inputs must be (B, 1, 3, T, H, W) or (B, 3, T, H, W), but have '
            f'the shape {tuple(inputs.shape)}; use '
            f"FormatShape(input_format='NCTHW'), and one clip per video "
            f'except to evaluate retrieval')
    return inputs.flatten(0, 1), views
