"""Reading ``encoder.pkl`` of the DALL-E dVAE without running its classes.

The file holds a whole module, pickled with the classes of the package
``dall_e``. They are replaced by empty ones, from which only the tensors are
taken.
"""
from typing import Dict, Iterator, Tuple

from torch import Tensor

from meltr_mm.pickled_arrays import RefusedFileError
from meltr_mm.safe_checkpoints import load_torch_file

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
    shells = {name: type(name, (_Shell, ), {}) for name in _CLASSES}
    try:
        content = load_torch_file(path, shells=shells)
    except FileNotFoundError as error:
        raise ValueError(f'{error}.') from None
    except RefusedFileError as error:
        raise RefusedFileError(
            f'{error}. The encoder.pkl of the DALL-E dVAE is needed, or its '
            'state_dict()') from None
    except ValueError as error:
        raise ValueError(
            f'{error}; it must be the encoder.pkl of the DALL-E dVAE. Fetch '
            'it again') from None
    weights = dict(_tensors(content, '')) if isinstance(
        content, _Shell) else content
    if not isinstance(weights, dict) or not weights:
        raise ValueError(
            f'{path}: must hold the DALL-E encoder or its state dict, but '
            f'holds a {type(content).__name__}.')
    return weights


def _tensors(shell: _Shell, prefix: str) -> Iterator[Tuple[str, Tensor]]:
    attributes = vars(shell)
    for name, value in attributes.get('_parameters', {}).items():
        if value is not None:
            yield prefix + name, value.detach()
    for name, child in attributes.get('_modules', {}).items():
        if child is not None:
            yield from _tensors(child, f'{prefix}{name}.')
