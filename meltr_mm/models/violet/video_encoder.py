"""VIOLET's video encoder: cells of a Video Swin, marked by place and time.

Shapes: B videos, T frames, h x w cells per frame, D hidden size,
n = T (1 + h w) video positions.
"""
import warnings
from typing import Dict, Sequence, Union

import torch
import torch.nn.functional as F
from mmaction.models.backbones.swin import (
    SwinTransformer3D,
    SwinTransformerBlock3D,
)
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

# Pixels per side of a cell: patches of 4, halved three times.
CELL = 32


class VioletVideoEncoder(BaseModule):
    """Frames -> one sequence of video positions.

    Each frame becomes a learned [CLS] vector followed by its cells, row by
    row. A position embedding (shared by the frames) and a frame embedding
    (shared by the positions) are added, then LayerNorm. Frames follow each
    other: [CLS_0, cells_0, CLS_1, cells_1, ...].

    Args:
        swin (dict): Backbone, :class:`FramewiseSwin3D` by default.
        hidden_size (int): D, must equal the channels of the backbone.
        num_positions (int): Rows of the position embedding, the largest
            1 + h w. Defaults to 197.
        max_frames (int): Rows of the frame embedding. Defaults to 6.

    Raises:
        ValueError: If the backbone's channels are not ``hidden_size``.
    """

    def __init__(self,
                 swin: Dict,
                 hidden_size: int,
                 num_positions: int = 197,
                 max_frames: int = 6) -> None:
        super().__init__()
        self.swin = MODELS.build({'type': 'FramewiseSwin3D', **swin})
        channels = self.swin.num_features[-1]
        if channels != hidden_size:
            raise ValueError(
                f'the video backbone must end in as many channels as bert '
                f'has hidden units, but {channels} != {hidden_size}; '
                f'embed_dims * 8 must be hidden_size')
        # Laid out to be added to (B, T, 1 + h*w, D).
        self.cls_embed = nn.Parameter(0.02 * torch.randn(1, 1, 1, hidden_size))
        self.pos_embed = nn.Parameter(
            0.02 * torch.randn(1, 1, num_positions, hidden_size))
        self.frame_embed = nn.Parameter(
            0.02 * torch.randn(1, max_frames, 1, hidden_size))
        self.norm = nn.LayerNorm(hidden_size)

    def forward(self, frames: Tensor) -> Tensor:
        """Encode clips.

        Args:
            frames (Tensor): Normalised frames, (B, 3, T, H, W).

        Returns:
            Tensor: (B, n, D).

        Raises:
            ValueError: If H or W is not a multiple of 32, or the clip has
                more frames or cells than there are embeddings.
        """
        self._check(frames)
        cells = self.swin(frames)  # (B, D, T, h, w)
        cells = cells.flatten(3).permute(0, 2, 3, 1)  # (B, T, h*w, D)
        B, T, _, D = cells.shape
        cls = self.cls_embed.to(cells.dtype).expand(B, T, 1, D)
        states = torch.cat([cls, cells], dim=2)  # (B, T, 1 + h*w, D)
        states = states + self.pos_embed[:, :, :states.shape[2]]
        states = states + self.frame_embed[:, :T]
        return self.norm(states).flatten(1, 2)

    def _check(self, frames: Tensor) -> None:
        T, H, W = frames.shape[2:]
        max_frames = self.frame_embed.shape[1]
        num_positions = self.pos_embed.shape[2]
        if H % CELL or W % CELL:
            raise ValueError(
                f'height and width must be multiples of {CELL}, but got '
                f'{H} x {W}; resize or pad in the pipeline')
        if T > max_frames:
            raise ValueError(
                f'clips must have at most {max_frames} frames, but got {T}; '
                f'sample fewer or raise max_frames')
        needed = 1 + (H // CELL) * (W // CELL)
        if needed > num_positions:
            raise ValueError(
                f'a frame must have at most {num_positions} positions, but '
                f'{H} x {W} pixels make {needed}; use smaller frames or '
                f'raise num_positions')


class _CheckpointedBlock(SwinTransformerBlock3D):
    """A block whose recomputation also works with ``torch.autograd.grad``.

    Upstream's ``with_cp`` uses reentrant checkpointing, which refuses that
    function and forward-mode differentiation.

    Args:
        block (SwinTransformerBlock3D): Gives its parts, under their names.
        with_cp (bool): Recompute activations of a training step.
    """

    def __init__(self, block: SwinTransformerBlock3D, with_cp: bool) -> None:
        # Not the constructor of a block, which would draw weights again.
        BaseModule.__init__(self)
        self.window_size, self.shift_size = block.window_size, block.shift_size
        self.norm1, self.attn = block.norm1, block.attn
        self.drop_path = block.drop_path
        self.norm2, self.mlp = block.norm2, block.mlp
        self.with_cp = with_cp

    def forward(self, x: Tensor, mask_matrix: Tensor) -> Tensor:
        """Run the block, (B, T, h, w, C) -> (B, T, h, w, C)."""
        if self.with_cp and self.training:
            return checkpoint(
                self._residuals, x, mask_matrix, use_reentrant=False)
        return self._residuals(x, mask_matrix)

    def _residuals(self, x: Tensor, mask_matrix: Tensor) -> Tensor:
        x = x + self.drop_path(self.forward_part1(x, mask_matrix))
        return x + self.forward_part2(x)


@MODELS.register_module()
class FramewiseSwin3D(SwinTransformer3D):
    """MMAction2's Video Swin with VIOLET's patch embedding.

    The patch kernel spans two frames as in Video Swin, but moves one frame
    at a time, over the clip and one appended frame of zeros: token t sees
    frames t and t + 1, and T frames give T tokens. Weights and keys are
    those of :class:`SwinTransformer3D`.

    Args:
        arch (str or dict): 'tiny', 'small', 'base', 'large', or a dict with
            ``embed_dims``, ``depths`` and ``num_heads`` of four stages.
        window_size (Sequence[int]): Attention window in time, height, width.
            Defaults to (8, 7, 7).
        patch_size (Sequence[int]): Patch kernel in time, height, width.
            Defaults to (2, 4, 4).
        drop_path_rate (float): Stochastic depth of the last block, growing
            linearly from 0. Defaults to 0.2.
        with_cp (bool): Recompute activations of a training step to save
            memory. Defaults to False.
        **kwargs: Other arguments of :class:`SwinTransformer3D`.
    """

    def __init__(self,
                 arch: Union[str, Dict],
                 window_size: Sequence[int] = (8, 7, 7),
                 patch_size: Sequence[int] = (2, 4, 4),
                 drop_path_rate: float = 0.2,
                 with_cp: bool = False,
                 **kwargs) -> None:
        # With upstream's `pretrained2d=True`, init_weights() fails for want
        # of a 2D checkpoint.
        with warnings.catch_warnings():
            # Upstream calls it in the old way, once per block.
            warnings.filterwarnings('ignore', r'torch\.meshgrid')
            super().__init__(
                arch,
                pretrained2d=False,
                window_size=tuple(window_size),
                patch_size=tuple(patch_size),
                drop_path_rate=drop_path_rate,
                **kwargs)
        self.patch_embed.proj.stride = (1, *patch_size[1:])
        # The embedding pads every axis to a multiple of this; in time the
        # padding is ours.
        self.patch_embed.patch_size = (1, *patch_size[1:])
        for stage in self.layers:
            for i, block in enumerate(stage.blocks):
                # Upstream's stage offers no way to choose its block class.
                stage.blocks[i] = _CheckpointedBlock(block, with_cp)

    def forward(self, x: Tensor) -> Tensor:
        """Encode clips.

        Args:
            x (Tensor): Normalised frames, (B, 3, T, H, W).

        Returns:
            Tensor: Features, (B, D, T, H/32, W/32).
        """
        frames_per_patch = self.patch_size[0]
        return super().forward(F.pad(x, [0] * 5 + [frames_per_patch - 1]))

    def train(self, mode: bool = True) -> 'FramewiseSwin3D':
        """Set the mode and, unlike upstream, return the module.

        Args:
            mode (bool): Training if True. Defaults to True.

        Returns:
            FramewiseSwin3D: Itself.
        """
        super().train(mode)
        return self
