"""Reading and writing files of weights, safely."""
import pickle
from pathlib import Path
from typing import Any, Dict, Union

import torch
from torch import Tensor


class WeightsFileError(ValueError):
    """A file is not what a converter can use; the text says why."""


def read(path: Union[str, Path]) -> Any:
    """Load a file of tensors without running any code in it.

    Args:
        path (str or Path): File written by ``torch.save``.

    Returns:
        object: Its content, on the CPU.

    Raises:
        WeightsFileError: If the file is absent or holds more than tensors
            and plain containers.
    """
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except FileNotFoundError:
        reason = 'does not exist'
    except pickle.UnpicklingError:
        # torch's own text advises to load it unsafely.
        reason = ('must be written by torch.save and hold tensors and plain '
                  'containers only')
    except (RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        reason = f'cannot be read: {error}'.split('\n')[0]
    raise WeightsFileError(f'the file {reason}')


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
    content = read(path)
    if isinstance(content, dict) and isinstance(
            content.get('state_dict'), dict):
        content = content['state_dict']
    if not isinstance(content, dict) or not content or not all(
            isinstance(key, str) and isinstance(value, Tensor)
            for key, value in content.items()):
        raise WeightsFileError(
            f'the file must hold a state dict (names -> tensors), but holds '
            f'{_describe(content)}')
    if any(key.startswith('meltr.') for key in content):
        prefix = 'model.'
        content = {
            key[len(prefix):]: value
            for key, value in content.items() if key.startswith(prefix)
        }
    return content


def _describe(content: Any) -> str:
    if isinstance(content, dict):
        return f'a dict with the keys {list(content)[:8]}'
    return f'a {type(content).__name__}'
