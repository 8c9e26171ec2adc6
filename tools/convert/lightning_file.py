"""Reading checkpoints of PyTorch Lightning, without running their code."""
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, Union

import torch
import weights_file
from torch import Tensor


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
        except Exception as error:  # unpickling garbage can raise anything
            raise refused from error
    return weights_file.state_dict_in(content)


class _StandIn:
    """Takes the place of any object, and of what is done to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def _ignore(self, *args: Any) -> None:
        pass

    __setstate__ = __setitem__ = append = extend = add = update = _ignore


class _Unpickler(pickle.Unpickler):
    """Builds tensors and plain containers, and stand-ins for the rest."""

    _BUILDERS = {
        ('torch._utils', '_rebuild_tensor_v2'):
        torch._utils._rebuild_tensor_v2,
        ('torch._utils', '_rebuild_parameter'):
        torch._utils._rebuild_parameter,
        ('collections', 'OrderedDict'): OrderedDict,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Give what may be called under a name."""
        return self._BUILDERS.get((module, name), _StandIn)


class _StandIns:
    """What ``torch.load`` needs of a pickle module."""

    Unpickler = _Unpickler
    load = staticmethod(lambda file, **kwargs: _Unpickler(file).load())
