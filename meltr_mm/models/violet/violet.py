"""VIOLET (Fu et al., 2021), as fine-tuned by MELTR (Ko et al., CVPR 2023).

Shapes: B videos, R text rows, T frames, H x W pixels, n = T (1 + h w) video
positions with h = H / 32 and w = W / 32, X text positions, D hidden size.
"""
from functools import partial
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import MODELS
from torch import Tensor

from ..layers import (
    RankingModel,
    build_bert,
    build_bert_config,
    build_mlm_head,
    load_pretrained_bert,
)
from .batch import VioletBatch
from .heads import build_mlp_head
from .tasks import VioletTask
from .video_encoder import VioletVideoEncoder


@MODELS.register_module()
class Violet(RankingModel):
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
                 mode: str) -> VioletBatch:
        """Read normalised RGB frames and their samples.

        Args:
            inputs (Tensor, optional): (B, 1, 3, T, H, W) or (B, 3, T, H, W);
                None for texts only.
            data_samples (Sequence[ActionDataSample]): B samples.
            mode (str): Of :meth:`forward`.

        Returns:
            VioletBatch: The batch.
        """
        masked_targets = mode == 'loss' and self.masked_frames_for_target
        frames = None if inputs is None else self._clips(inputs)
        return VioletBatch(self, frames, data_samples, masked_targets)

    def loss_functions(self) -> Dict[str, Callable[[VioletBatch], Tensor]]:
        """Name the losses of the task, in its order."""
        return {
            name: partial(function, self)
            for name, function in self.task.loss_functions().items()
        }

    def predict(self, batch: VioletBatch) -> List[ActionDataSample]:
        """Write the task's predictions into the samples."""
        return self.task.predict(self, batch)

    def outputs(self, batch: VioletBatch) -> Union[Tensor, Dict[str, Tensor]]:
        """Compute logits of the answers, (B, K), or what retrieval takes."""
        return self.task.outputs(self, batch)

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
        """Score every video against every text, in one pass.

        Args:
            video (Tensor): Video features, (B, n, D).
            text (Tensor): Embedded text, (R, X, D).
            text_mask (Tensor): (R, X).

        Returns:
            Tensor: Logits without temperature, (B, R).
        """
        B, R = len(video), len(text)
        scores = self.match_rows(
            video,
            text.expand(B, *text.shape).flatten(0, 1),
            text_mask.expand(B, *text_mask.shape).flatten(0, 1))
        return scores.view(B, R)

    def match_rows(self, video: Tensor, text: Tensor,
                   text_mask: Tensor) -> Tensor:
        """Score each text against the video that stands with it.

        Args:
            video (Tensor): Video features, (B, n, D); see :meth:`fuse`.
            text (Tensor): Embedded text, (R, X, D).
            text_mask (Tensor): (R, X).

        Returns:
            Tensor: Logits without temperature, (R,).
        """
        states = self.fuse(video, text, text_mask)
        cls = self.read_out(states, video.shape[1])
        return self.vtm_head(cls).squeeze(-1)

    def _ranker(self) -> Optional[VioletTask]:
        return self.task if hasattr(self.task, 'rank_videos') else None

    def predict_all(
        self, feats: Dict[str, Tensor],
        data_samples: Sequence[ActionDataSample], num_images: int,
        num_texts: int
    ) -> Tuple[List[ActionDataSample], List[ActionDataSample]]:
        """Rank a whole data set, as MMAction2's retrieval loops ask for.

        Args:
            feats (dict[str, Tensor]): What :meth:`forward` gave in 'tensor'
                mode for all batches, concatenated.
            data_samples (Sequence[ActionDataSample]): One per row of them.
            num_images (int): Number of videos.
            num_texts (int): Number of texts.

        Returns:
            tuple[list, list]: See :meth:`VioletRetrieval.predict_all`.

        Raises:
            ValueError: If the task is not retrieval.
        """
        if not hasattr(self.task, 'predict_all'):
            raise ValueError(
                f'a retrieval loop needs the task VioletRetrieval, but the '
                f"model's is {type(self.task).__name__}; use "
                f"val_cfg=dict(type='ValLoop') and "
                f"test_cfg=dict(type='TestLoop')")
        return self.task.predict_all(self, feats, data_samples, num_images,
                                     num_texts)

    @staticmethod
    def read_out(states: Tensor, num_video: int) -> Tensor:
        """Take the state of the text's [CLS], (R, n + X, D) -> (R, D)."""
        return states[:, num_video]

    def black_level(self) -> Union[Tensor, float]:
        """Give what a black pixel becomes by normalisation.

        Returns:
            Tensor or float: -mean/std, (3, 1, 1, 1), or 0.
        """
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
