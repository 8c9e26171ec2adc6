"""S3D-G, the network whose features are what UniVL sees of a video.

Architecture of Xie et al. (ECCV 2018), weights of Miech et al. (CVPR 2020),
trained on HowTo100M: ``s3d_howto100m.pth``. Modules are called as in that
file. N clips of T frames, H x W pixels.
"""
from typing import Dict, Mapping, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..layers import load_strict

# Channels of an inception block: branch 0, branch 1 (before and after its
# 3 x 3 x 3), branch 2 (likewise), branch 3.
_MIXED = {
    '3b': (64, 96, 128, 16, 32, 32),
    '3c': (128, 128, 192, 32, 96, 64),
    '4b': (192, 96, 208, 16, 48, 64),
    '4c': (160, 112, 224, 24, 64, 64),
    '4d': (128, 128, 256, 24, 64, 64),
    '4e': (112, 144, 288, 32, 64, 64),
    '4f': (256, 160, 320, 32, 128, 128),
    '5b': (256, 160, 320, 32, 128, 128),
    '5c': (384, 192, 384, 48, 128, 128),
}
FEATURE_DIM = 1024


@MODELS.register_module()
class S3DG(BaseModule):
    """Clips -> features (mixed_5c, mean over time and space).

    Args:
        init_cfg (dict, optional): See MMEngine. Defaults to None.
    """

    def __init__(self, init_cfg: dict = None) -> None:
        super().__init__(init_cfg)
        self.conv1 = _Conv(24, 64, (2, 4, 4), (1, 2, 2))
        self.maxpool_2a = _MaxPool((1, 3, 3), (1, 2, 2))
        self.conv_2b = _Conv(64, 64, (1, 1, 1))
        self.conv_2c = _SeparableConv(64, 192)
        self.gating = _Gating(192)
        self.maxpool_3a = _MaxPool((1, 3, 3), (1, 2, 2))
        self.mixed_3b = _Mixed(192, '3b')
        self.mixed_3c = _Mixed(256, '3c')
        self.maxpool_4a = _MaxPool((3, 3, 3), (2, 2, 2))
        self.mixed_4b = _Mixed(480, '4b')
        self.mixed_4c = _Mixed(512, '4c')
        self.mixed_4d = _Mixed(512, '4d')
        self.mixed_4e = _Mixed(512, '4e')
        self.mixed_4f = _Mixed(528, '4f')
        self.maxpool_5a = _MaxPool((2, 2, 2), (2, 2, 2))
        self.mixed_5b = _Mixed(832, '5b')
        self.mixed_5c = _Mixed(832, '5c')

    def forward(self, clips: Tensor) -> Tensor:
        """Compute the features.

        Args:
            clips (Tensor): RGB in [0, 1], (N, 3, T, H, W); T, H and W even.

        Returns:
            Tensor: (N, 1024).

        Raises:
            ValueError: If the clips have another shape.
        """
        if clips.dim() != 5 or clips.shape[1] != 3 or any(
                size % 2 for size in clips.shape[2:]):
            raise ValueError(
                'clips must be (N, 3, T, H, W) with even T, H and W, but are '
                f'{tuple(clips.shape)}')
        for name, module in self.named_children():
            if name == 'conv1':
                # Padded on both sides, where SAME pads the far one only.
                states = module(_space_to_depth(clips))[:, :, 1:, 1:, 1:]
            else:
                states = module(states)
        return states.mean(dim=(2, 3, 4))


def _space_to_depth(clips: Tensor) -> Tensor:
    N, C, T, H, W = clips.shape
    blocks = clips.view(N, C, T // 2, 2, H // 2, 2, W // 2, 2)
    # Channels: (dt, dy, dx, rgb), the last fastest.
    return blocks.permute(0, 3, 5, 7, 1, 2, 4, 6).reshape(
        N, 8 * C, T // 2, H // 2, W // 2)


class _Conv(nn.Module):

    def __init__(self, channels: int, wider: int, kernel: Sequence[int],
                 padding: Sequence[int] = (0, 0, 0)) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, wider, kernel, padding=padding,
                               bias=False)
        self.bn1 = nn.BatchNorm3d(wider)

    def forward(self, states: Tensor) -> Tensor:
        return self.bn1(self.conv1(states)).relu()


class _SeparableConv(nn.Module):
    """Over space, then over time."""

    def __init__(self, channels: int, wider: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, wider, (1, 3, 3),
                               padding=(0, 1, 1), bias=False)
        self.bn1 = nn.BatchNorm3d(wider)
        self.conv2 = nn.Conv3d(wider, wider, (3, 1, 1),
                               padding=(1, 0, 0), bias=False)
        self.bn2 = nn.BatchNorm3d(wider)

    def forward(self, states: Tensor) -> Tensor:
        states = self.bn1(self.conv1(states)).relu()
        return self.bn2(self.conv2(states)).relu()


class _Gating(nn.Module):
    """Weighs the channels by what the whole clip shows."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, channels)

    def forward(self, states: Tensor) -> Tensor:
        weights = self.fc(states.mean(dim=(2, 3, 4))).sigmoid()
        return states * weights[:, :, None, None, None]


class _MaxPool(nn.Module):
    """TensorFlow's SAME pooling, of states that are not negative.

    One axis after the other, by maxima of whole shifted tensors: torch's own
    kernel also finds out where each maximum was, which on a CPU took as long
    as all convolutions.
    """

    def __init__(self, kernel: Sequence[int],
                 stride: Sequence[int]) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, states: Tensor) -> Tensor:
        for axis, (size, step) in enumerate(zip(self.kernel, self.stride), 2):
            if size == 1:
                continue
            length = states.shape[axis]
            before = max(size - step, 0) // 2
            places = -(-length // step)
            after = (places - 1) * step + size - length - before
            padding = [0] * 6
            # F.pad begins with the last axis.
            padding[2 * (4 - axis):2 * (5 - axis)] = before, after
            padded = F.pad(states, padding)
            states = _shifted(padded, axis, 0, places, step)
            for shift in range(1, size):
                states = torch.maximum(
                    states, _shifted(padded, axis, shift, places, step))
        return states


def _shifted(states: Tensor, axis: int, first: int, places: int,
             step: int) -> Tensor:
    index = [slice(None)] * states.dim()
    index[axis] = slice(first, first + (places - 1) * step + 1, step)
    return states[tuple(index)]


class _Mixed(nn.Module):
    """An inception block of four gated branches."""

    def __init__(self, channels: int, name: str) -> None:
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3 = _MIXED[name]
        point = (1, 1, 1)
        self.conv_b0 = _Conv(channels, b0, point)
        self.conv_b1_a = _Conv(channels, b1a, point)
        self.conv_b1_b = _SeparableConv(b1a, b1b)
        self.conv_b2_a = _Conv(channels, b2a, point)
        self.conv_b2_b = _SeparableConv(b2a, b2b)
        self.maxpool_b3 = _MaxPool((3, 3, 3), (1, 1, 1))
        self.conv_b3_b = _Conv(channels, b3, point)
        self.gating_b0 = _Gating(b0)
        self.gating_b1 = _Gating(b1b)
        self.gating_b2 = _Gating(b2b)
        self.gating_b3 = _Gating(b3)

    def forward(self, states: Tensor) -> Tensor:
        return torch.cat([
            self.gating_b0(self.conv_b0(states)),
            self.gating_b1(self.conv_b1_b(self.conv_b1_a(states))),
            self.gating_b2(self.conv_b2_b(self.conv_b2_a(states))),
            self.gating_b3(self.conv_b3_b(self.maxpool_b3(states)))
        ], dim=1)


_OLD_NAMES = {'gamma': 'weight', 'beta': 'bias'}


def s3dg_from_howto100m(weights: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Take the weights of :class:`S3DG` out of ``s3d_howto100m.pth``.

    Args:
        weights (dict[str, Tensor]): Content of the file. Its text half
            (``text_module``) and its last layer (``fc``), which are of the
            space that it shares with texts, are left out. Names of old
            files (prefix ``s3dg.``, ``gamma``, ``beta``) are understood.

    Returns:
        dict[str, Tensor]: Keys of :class:`S3DG`, with counters of batches
        also where the file has none.
    """
    ours = {}
    for key, value in weights.items():
        for prefix in ('module.', 's3dg.'):
            if key.startswith(prefix):
                key = key[len(prefix):]
        if key.split('.')[0] in ('fc', 'text_module'):
            continue
        parent, _, name = key.rpartition('.')
        ours[f'{parent}.{_OLD_NAMES.get(name, name)}'] = value
        if name == 'running_mean':
            ours.setdefault(f'{parent}.num_batches_tracked',
                            torch.tensor(0))
    return ours


def load_s3dg(weights: Mapping[str, Tensor]) -> S3DG:
    """Build the network with the weights of the file.

    Args:
        weights (dict[str, Tensor]): See :func:`s3dg_from_howto100m`.

    Returns:
        S3DG: In eval mode.

    Raises:
        ValueError: Naming the keys that are missing, unexpected or of
            another shape.
    """
    model = S3DG()
    load_strict(model, s3dg_from_howto100m(weights))
    return model.eval()
