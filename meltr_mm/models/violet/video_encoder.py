"""VIOLET's video encoder: cells of a Video Swin, marked by place and time.

Shapes: B videos, T frames, h x w cells per frame, D hidden size,
n = T (1 + h w) video positions.
"""
from typing import Dict

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

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
