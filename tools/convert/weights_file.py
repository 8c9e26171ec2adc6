"""Reading and writing files of weights, safely."""
from pathlib import Path
from typing import Any, Dict, Union

import torch
from torch import Tensor

from meltr_mm.pickled_arrays import RefusedFileError
from meltr_mm.safe_checkpoints import load_torch_file


class WeightsFileError(ValueError):
    """A file is not what a converter can use; the text says why."""


class ForeignContentError(WeightsFileError):
    """A file asks for classes or functions that nothing vouches for."""


def read(path: Union[str, Path]) -> Any:
    """Load a file of tensors without running any code in it.

    Args:
        path (str or Path): File written by ``torch.save``.

    Returns:
        object: Its content, on the CPU.

    Raises:
        ForeignContentError: If the file asks for more than tensors, plain
            containers and MMEngine's history.
        WeightsFileError: If the file is absent or damaged.
    """
    try:
        return load_torch_file(path)
    except RefusedFileError as error:
        kind, reason = ForeignContentError, error
    except (OSError, ValueError) as error:
        kind, reason = WeightsFileError, error
    # Whoever catches it names the file.
    raise kind(str(reason).replace(f'{path}: ', '', 1))


def save(content: Any, path: Union[str, Path]) -> None:
    """Write a file that :func:`read` reads.

    Args:
        content (object): Tensors in containers.
        path (str or Path): The file.

    Raises:
        OSError: If it cannot be written.
    """
    try:
        with open(path, 'wb') as file:
            torch.save(content, file)
    except OSError as error:
        raise OSError(f'{path}: cannot be written ({error.strerror}); name a '
                      'file in a folder that exists') from None


def read_state_dict(path: Union[str, Path]) -> Dict[str, Tensor]:
    """Load the state dict in a file.

    Args:
        path (str or Path): A bare state dict, or a checkpoint of MMEngine
            (key ``state_dict``), of a bare model or one in ``MELTRWrapper``.

    Returns:
        dict[str, Tensor]: The weights of the bare model.

    Raises:
        WeightsFileError: If there is no state dict in it.
    """
    return bare(state_dict_in(read(path)))


def state_dict_in(content: Any) -> Dict[str, Tensor]:
    """Find the state dict in the content of a file.

    Args:
        content (object): A state dict, or a dict with one under
            ``state_dict``, ``model_state_dict`` or ``model``.

    Returns:
        dict[str, Tensor]: The weights, MELTR's included, without the prefix
        ``module.`` of ``DataParallel``.

    Raises:
        WeightsFileError: If there is no state dict in it.
    """
    for name in ('state_dict', 'model_state_dict', 'model'):
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
            break
    if not isinstance(content, dict) or not content or not all(
            isinstance(key, str) and isinstance(value, Tensor)
            for key, value in content.items()):
        raise WeightsFileError(
            f'the file must hold a state dict (names -> tensors), but holds '
            f'{_describe(content)}')
    prefix = 'module.'
    if all(key.startswith(prefix) for key in content):
        content = {key[len(prefix):]: value for key, value in content.items()}
    return content


def bare(weights: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Take the model's weights out of those of a ``MELTRWrapper``.

    Args:
        weights (dict[str, Tensor]): Of a wrapper, or of a bare model.

    Returns:
        dict[str, Tensor]: Of the bare model.
    """
    if not any(key.startswith('meltr.') for key in weights):
        return weights
    prefix = 'model.'
    return {
        key[len(prefix):]: value
        for key, value in weights.items() if key.startswith(prefix)
    }


def _describe(content: Any) -> str:
    if isinstance(content, dict):
        return f'a dict with the keys {list(content)[:8]}'
    return f'a {type(content).__name__}'
