"""The transformer that All-in-one shares between text and frames.

Shapes: B videos, R sequences of text and video, T frames, P patches per
frame, N = 1 + P visual tokens per frame, L text tokens, D width.
"""
from typing import Any, Dict, Optional

import numpy as np
import torch
from mmaction.models.backbones.timesformer import TimeSformer
from mmengine.logging import print_log
from mmengine.model.weight_init import trunc_normal_
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .checkpoint import resized_time_embed

PATCH_ORDERS = ('raster', 'random')
# One part in this many of the tokens of a frame moves each way.
PARTS = 8


@MODELS.register_module()
class AllInOneViT(TimeSformer):
    """MMAction2's TimeSformer, run frame by frame over text and patches.

    Weights and keys are those of ``TimeSformer(attention_type=
    'joint_space_time')``; the forward pass is All-in-one's. Each frame is an
    attention sequence of its own, and frames meet only where
    :func:`temporal_roll` moves tokens before each layer of a joint pass.

    Args:
        num_frames (int): Rows of the temporal embedding, the largest T.
            Defaults to 3.
        img_size (int): Height and width of a frame. Defaults to 224.
        patch_size (int): Height and width of a patch. Defaults to 16.
        embed_dims (int): D. Defaults to 768.
        num_heads (int): Attention heads. Defaults to 12.
        num_layers (int): Transformer layers. Defaults to 12.
        mlp_ratio (int): Width of the feed-forward part over D.
            Defaults to 4.
        drop_rate (float): Dropout of embeddings, attention outputs and
            feed-forward parts. Defaults to 0.1.
        drop_path_rate (float): Stochastic depth of the last layer, growing
            linearly from 0. Defaults to 0.1.
        patch_order (str): The roll moves tokens by their position in the
            sequence. 'raster' keeps patches row by row, so the same rows of
            the image move; 'random', the official behaviour, draws a new
            order per frame in every pass, in evaluation too. Defaults to
            'raster', which makes evaluation deterministic.
        init_std (float): Standard deviation of the initial weights. 0.02 is
            made for wide layers. Defaults to 0.02.
        with_cp (bool): Recompute activations of a training step to save
            memory. Defaults to False.

    Raises:
        ValueError: If ``patch_order`` is unknown.
    """

    def __init__(self,
                 num_frames: int = 3,
                 img_size: int = 224,
                 patch_size: int = 16,
                 embed_dims: int = 768,
                 num_heads: int = 12,
                 num_layers: int = 12,
                 mlp_ratio: int = 4,
                 drop_rate: float = 0.1,
                 drop_path_rate: float = 0.1,
                 patch_order: str = 'raster',
                 init_std: float = 0.02,
                 with_cp: bool = False) -> None:
        if patch_order not in PATCH_ORDERS:
            raise ValueError(f'patch_order must be one of {PATCH_ORDERS}, '
                             f'but got {patch_order!r}')
        # Upstream's constructor draws weights, too.
        self.init_std = init_std
        depth_rates = np.linspace(0, drop_path_rate, num_layers).tolist()
        super().__init__(
            num_frames=num_frames,
            img_size=img_size,
            patch_size=patch_size,
            embed_dims=embed_dims,
            num_heads=num_heads,
            num_transformer_layers=num_layers,
            dropout_ratio=drop_rate,
            attention_type='joint_space_time',
            # Upstream's own layers have no dropout.
            transformer_layers=dict(
                type='TransformerLayerSequence',
                num_layers=num_layers,
                transformerlayers=[
                    _layer(embed_dims, num_heads, mlp_ratio, drop_rate, rate)
                    for rate in depth_rates
                ]))
        self.img_size = img_size
        self.patch_order = patch_order
        self.with_cp = with_cp
        self.init_weights()

    def init_weights(self) -> None:
        """Draw all weights: truncated N(0, init_std), biases and time 0.

        The patch projection keeps torch's own initialisation.
        """
        for module in self.transformer_layers.modules():
            if isinstance(module, nn.MultiheadAttention):
                trunc_normal_(module.in_proj_weight, std=self.init_std)
                nn.init.zeros_(module.in_proj_bias)
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=self.init_std)
                nn.init.zeros_(module.bias)
        trunc_normal_(self.pos_embed, std=self.init_std)
        trunc_normal_(self.cls_token, std=self.init_std)
        nn.init.zeros_(self.time_embed)
        self.patch_embed.projection.reset_parameters()

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args: Any) -> None:
        """Fit the temporal embedding of clips of another length, as
        officially: first rows of the checkpoint, then zeros."""
        name = f'{prefix}time_embed'
        given = state_dict.get(name)
        if given is not None and given.shape != self.time_embed.shape:
            rows = self.time_embed.shape[1]
            state_dict[name] = resized_time_embed(given, rows)
            print_log(
                f'the temporal embedding of the checkpoint has '
                f'{given.shape[1]} rows, the model {rows}: the first ones '
                'are kept, new ones start from 0', 'current')
        super()._load_from_state_dict(state_dict, prefix, *args)

    def draw_patch_order(self, count: int) -> Tensor:
        """Draw one order of the patches per image.

        Args:
            count (int): Number of images.

        Returns:
            Tensor: Per place the patch that stands there, (count, P) int64.
            Drawn by the CPU's generator on every device.
        """
        return torch.rand(count, self.patch_embed.num_patches).argsort(dim=1)

    def embed(self, frames: Tensor) -> Tensor:
        """Turn frames into visual tokens.

        A patch gets the embedding of its place and of its frame, and keeps
        them wherever ``patch_order`` puts it. [CLS] has no frame.

        Args:
            frames (Tensor): Normalised frames, (B, 3, T, H, W).

        Returns:
            Tensor: (B, T, N, D), [CLS] first.

        Raises:
            ValueError: If H or W is not ``img_size``, or T is more than
                ``num_frames``.
        """
        self._check(frames)
        B, _, T = frames.shape[:3]
        patches = self.patch_embed(frames)  # (B*T, P, D)
        patches = patches + self.pos_embed[:, 1:]
        patches = patches.unflatten(0, (B, T)) + self.time_embed[0, :T, None]
        if self.patch_order == 'random':
            order = self.draw_patch_order(B * T).to(patches.device)
            patches = patches.take_along_dim(
                order.view(B, T, -1, 1), dim=2)
        cls = self.cls_token + self.pos_embed[:, :1]
        cls = cls.to(patches.dtype).expand(B, T, 1, -1)
        return self.drop_after_pos(torch.cat([cls, patches], dim=2))

    def forward(self,
                text: Optional[Tensor] = None,
                text_mask: Optional[Tensor] = None,
                video: Optional[Tensor] = None) -> Tensor:
        """Run the layers over text, video, or both.

        Args:
            text (Tensor, optional): Text tokens per frame, (R, T, L, D).
            text_mask (Tensor, optional): 1 = word, 0 = padding, which no
                token attends to, (R, L). Needed with ``text``.
            video (Tensor, optional): Visual tokens, (R, T, N, D).

        Returns:
            Tensor: Normalised states, (R, T, L + N, D): text first, less
            what was not given.
        """
        parts = [part for part in (text, video) if part is not None]
        states = torch.cat(parts, dim=2)
        R, T, length, _ = states.shape
        L = 0 if text is None else text.shape[2]
        padding = None
        if text is not None:
            padding = torch.zeros(
                R, length, dtype=torch.bool, device=states.device)
            padding[:, :L] = text_mask == 0
            padding = padding.repeat_interleave(T, dim=0)
        rolls = len(parts) == 2
        for layer in self.transformer_layers.layers:
            if rolls:
                states = torch.cat(
                    [states[:, :, :L],
                     temporal_roll(states[:, :, L:])], dim=2)
            states = self._run(layer, states.flatten(0, 1), padding)
            states = states.unflatten(0, (R, T))
        return self.norm(states)

    def _run(self, layer: nn.Module, states: Tensor,
             padding: Optional[Tensor]) -> Tensor:
        if self.with_cp and self.training:
            return checkpoint(
                layer,
                states,
                query_key_padding_mask=padding,
                use_reentrant=False)
        return layer(states, query_key_padding_mask=padding)

    def _check(self, frames: Tensor) -> None:
        T, H, W = frames.shape[2:]
        if (H, W) != (self.img_size, self.img_size):
            raise ValueError(
                f'frames must be {self.img_size} x {self.img_size}, but are '
                f'{H} x {W}; crop or resize in the pipeline, or set img_size')
        if T > self.num_frames:
            raise ValueError(
                f'clips must have at most {self.num_frames} frames, but got '
                f'{T}; sample fewer or raise num_frames')


def temporal_roll(tokens: Tensor) -> Tensor:
    """Move an eighth of the tokens one frame on, and an eighth one back.

    With f = N // 8, the tokens 1..f of a frame come from the frame before,
    the last f from the frame after; the ends of the clip are neighbours. The
    first token ([CLS]) and those in between stay. There are no parameters
    (All-in-one, Wang et al., CVPR 2023, section 3).

    Args:
        tokens (Tensor): Visual tokens, [CLS] first, (B, T, N, D).

    Returns:
        Tensor: A new tensor like ``tokens``.

    Raises:
        ValueError: If there are fewer than 8 tokens per frame, so that none
            would move.
    """
    N = tokens.shape[2]
    moving = N // PARTS
    if moving == 0:
        raise ValueError(
            f'a frame must have at least {PARTS} tokens to share some with '
            f'its neighbours, but has {N}; use more or smaller patches')
    first, onward, still, backward = tokens.split(
        [1, moving, N - 1 - 2 * moving, moving], dim=2)
    return torch.cat(
        [first, onward.roll(1, dims=1), still, backward.roll(-1, dims=1)],
        dim=2)


def _layer(embed_dims: int, num_heads: int, mlp_ratio: int, drop_rate: float,
           drop_path_rate: float) -> Dict:
    """Configure one pre-norm layer."""
    drop_path = dict(type='DropPath', drop_prob=drop_path_rate)
    return dict(
        type='BaseTransformerLayer',
        attn_cfgs=dict(
            type='MultiheadAttention',
            embed_dims=embed_dims,
            num_heads=num_heads,
            proj_drop=drop_rate,
            dropout_layer=drop_path,
            batch_first=True),
        ffn_cfgs=dict(
            type='FFN',
            embed_dims=embed_dims,
            feedforward_channels=mlp_ratio * embed_dims,
            num_fcs=2,
            act_cfg=dict(type='GELU'),
            ffn_drop=drop_rate,
            dropout_layer=drop_path),
        operation_order=('norm', 'self_attn', 'norm', 'ffn'),
        norm_cfg=dict(type='LN', eps=1e-6),
        batch_first=True)
