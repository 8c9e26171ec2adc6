"""The encoder of the DALL-E discrete VAE, whose codes VIOLET predicts.

Shapes: N images of H x W pixels, K codes.
"""
from typing import Mapping

import torch
from torch import Tensor, nn

from ..layers import KeyMap

# Pixels per side of a code: halved three times.
STRIDE = 8
_GROUPS, _BLOCKS = 4, 2
# Pixels 0 and 1 are moved away from the ends of the logit.
_MARGIN = 0.1

_KEYS = KeyMap(
    {
        f'blocks.{pattern}.{old}': f'{target}.{new}'
        for old, new in (('w', 'weight'), ('b', 'bias'))
        for pattern, target in {
            'input': 'stem',
            **{
                f'group_{group}.block_{block}.{path}':
                f'groups.{group - 1}.{block - 1}.{ours}'
                for group in range(1, _GROUPS + 1)
                for block in range(1, _BLOCKS + 1)
                for path, ours in dict(
                    id_path='skip',
                    **{
                        f'res_path.conv_{i}': f'residual.{2 * i - 1}'
                        for i in range(1, 5)
                    }).items()
            },
            'output.conv': 'head.1',
        }.items()
    }, 'DALL-E encoder')


class DVAEEncoder(nn.Module):
    """Images -> logits of codes (Ramesh et al., 2021).

    A 7x7 convolution; four groups of two residual blocks with 1, 2, 4 and 8
    times ``width`` channels, 2x2 max-pooling between them; ReLU and a 1x1
    convolution.

    Args:
        width (int): Channels of the first group. Defaults to 256.
        num_codes (int): K. Defaults to 8192.
    """

    def __init__(self, width: int = 256, num_codes: int = 8192) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 7, padding=3)
        self.groups = nn.ModuleList()
        channels = width
        for group in range(_GROUPS):
            wider = width * 2**group
            blocks = [_Block(channels, wider)]
            blocks += [_Block(wider, wider) for _ in range(_BLOCKS - 1)]
            self.groups.append(nn.Sequential(*blocks))
            channels = wider
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(channels, num_codes, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Score the codes.

        Args:
            pixels (Tensor): RGB in [0, 1], (N, 3, H, W).

        Returns:
            Tensor: Logits, (N, K, H/8, W/8).
        """
        states = self.stem((1 - 2 * _MARGIN) * pixels + _MARGIN)
        for i, group in enumerate(self.groups):
            if i:
                states = nn.functional.max_pool2d(states, 2)
            states = group(states)
        return self.head(states)

    @torch.no_grad()
    def encode(self, pixels: Tensor) -> Tensor:
        """Choose the code of each 8x8 pixels.

        Args:
            pixels (Tensor): RGB in [0, 1], (N, 3, H, W).

        Returns:
            Tensor: (N, H/8, W/8), int64, 0..K-1.
        """
        return self(pixels).argmax(dim=1)


class _Block(nn.Module):

    def __init__(self, channels: int, wider: int) -> None:
        super().__init__()
        hidden = wider // 4
        same = channels == wider
        self.skip = nn.Identity() if same else nn.Conv2d(channels, wider, 1)
        sizes = [channels, hidden, hidden, hidden]
        layers = []
        for size in sizes[:3]:
            layers += [nn.ReLU(), nn.Conv2d(size, hidden, 3, padding=1)]
        layers += [nn.ReLU(), nn.Conv2d(hidden, wider, 1)]
        self.residual = nn.Sequential(*layers)

    def forward(self, states: Tensor) -> Tensor:
        gain = 1 / (_GROUPS * _BLOCKS)**2
        return self.skip(states) + gain * self.residual(states)


def from_dall_e(state_dict: Mapping[str, Tensor]) -> dict:
    """Rename the weights of the package ``dall_e`` to ours.

    Args:
        state_dict (dict[str, Tensor]): Keys of its ``Encoder``.

    Returns:
        dict[str, Tensor]: Keys of :class:`DVAEEncoder`.

    Raises:
        ValueError: Naming the keys that the encoder does not have.
    """
    return _KEYS.rename(state_dict)
