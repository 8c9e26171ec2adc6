"""Video Swin that keeps one output frame for every input frame."""
from typing import Dict, Sequence, Union

import torch.nn.functional as F
from mmaction.models.backbones.swin import (
    SwinTransformer3D,
    SwinTransformerBlock3D,
)
from mmaction.registry import MODELS
from torch import Tensor
from torch.utils.checkpoint import checkpoint


class _CheckpointedBlock(SwinTransformerBlock3D):
    """A block whose recomputation also works with ``torch.autograd.grad``.

    Upstream's ``with_cp`` uses reentrant checkpointing, which refuses that
    function and forward-mode differentiation.
    """

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
            for block in stage.blocks:
                # Upstream's stage offers no way to choose its block class.
                block.__class__ = _CheckpointedBlock
                block.with_cp = with_cp

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
