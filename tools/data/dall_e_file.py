"""Reading ``encoder.pkl`` of the DALL-E dVAE without running its classes.

The file holds a whole module, pickled with the classes of the package
``dall_e``. They are replaced by empty ones, from which only the tensors are
taken.
"""
import pickle
from typing import Dict, Iterator, Tuple

import torch
from torch import Tensor

# The classes that such a module is made of.
_CLASSES = ('dall_e.encoder.Encoder', 'dall_e.encoder.EncoderBlock',
            'dall_e.utils.Conv2d', 'torch.nn.modules.activation.ReLU',
            'torch.nn.modules.container.Sequential',
            'torch.nn.modules.linear.Identity',
            'torch.nn.modules.pooling.MaxPool2d')


class _Shell:
    """Takes the attributes of a module, and can do nothing."""


def read_encoder(path: str) -> Dict[str, Tensor]:
    """Read the weights.

    Args:
        path (str): ``encoder.pkl``, or a state dict of that module.

    Returns:
        dict[str, Tensor]: In the naming of the package.

    Raises:
        ValueError: If the file is missing or holds something else.
    """
    shells = [(type(name, (_Shell, ), {}), name) for name in _CLASSES]
    try:
        with torch.serialization.safe_globals(shells):
            content = torch.load(path, map_location='cpu', weights_only=True)
    except FileNotFoundError:
        raise ValueError(f'{path}: there is no such file.') from None
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f'{path}: must be the encoder.pkl of the DALL-E dVAE, but cannot '
            f'be read safely ({type(error).__name__}). Fetch it again. If '
            'you trust it, load it where the package dall_e is installed, '
            'save its state_dict(), and give that file.') from None
    if isinstance(content, _Shell):
        content = dict(_tensors(content, ''))
    if not isinstance(content, dict) or not content:
        raise ValueError(
            f'{path}: must hold the DALL-E encoder or its state dict, but '
            f'holds a {type(content).__name__}.')
    return content


def _tensors(shell: _Shell, prefix: str) -> Iterator[Tuple[str, Tensor]]:
    attributes = vars(shell)
    for name, value in attributes.get('_parameters', {}).items():
        if value is not None:
            yield prefix + name, value.detach()
    for name, child in attributes.get('_modules', {}).items():
        if child is not None:
            yield from _tensors(child, f'{prefix}{name}.')
