"""Reading checkpoints of PyTorch Lightning, without running their code."""
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Dict, Union

import torch
import weights_file
from torch import Tensor

from meltr_mm.safe_checkpoints import StandIn


def read_state_dict(path: Union[str, Path]) -> Dict[str, Tensor]:
    """Load the state dict in a file that may hold foreign objects beside it.

    A Lightning checkpoint also keeps hyper-parameters and callbacks, as
    objects of classes that need not be installed. Instead of them there are
    stand-ins that do nothing.

    Args:
        path (str or Path): File as for
            :func:`weights_file.read_state_dict`, or of Lightning.

    Returns:
        dict[str, Tensor]: The weights, MELTR's included.

    Raises:
        WeightsFileError: If there is no state dict in it.
    """
    try:
        content = weights_file.read(path)
    except weights_file.ForeignContentError as refused:
        try:
            # Every class comes from `_Unpickler`, which knows no other than
            # those of tensors.
            content = torch.load(
                path,
                map_location='cpu',
                pickle_module=_StandIns,
                weights_only=False)
            return weights_file.state_dict_in(content)
        except Exception:  # unpickling garbage can raise anything
            raise refused from None
    return weights_file.state_dict_in(content)


class _Builder:
    """Calls a function, and cannot be changed by a file that names it."""

    __slots__ = ('_call', )

    def __init__(self, call: Callable) -> None:
        object.__setattr__(self, '_call', call)

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f'{name} cannot be set by a file')


class _Unpickler(pickle.Unpickler):
    """Builds tensors and plain containers, and stand-ins for the rest."""

    _BUILDERS = {
        ('torch._utils', '_rebuild_tensor_v2'):
        _Builder(torch._utils._rebuild_tensor_v2),
        ('torch._utils', '_rebuild_parameter'):
        _Builder(torch._utils._rebuild_parameter),
        ('collections', 'OrderedDict'): OrderedDict,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Give what may be called under a name."""
        return self._BUILDERS.get((module, name), StandIn)


class _StandIns:
    """What ``torch.load`` needs of a pickle module."""

    Unpickler = _Unpickler
    load = staticmethod(lambda file, **kwargs: _Unpickler(file).load())
