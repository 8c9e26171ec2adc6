"""Files that ``torch.save`` wrote, loaded without running what is in them.

torch reads tensors and plain containers only when it is asked to
(``weights_only``). Here it is always asked; in addition it reads what
MMEngine keeps beside the weights, the history of a run and numpy's numbers.
A file that asks for anything else is refused, and the error says what for.
"""
import os
import os.path as osp
import pickle
import tarfile
import warnings
import zipfile
from collections import Counter
from contextlib import contextmanager
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Union
from urllib.parse import urlparse

import torch
from mmengine.dist import get_dist_info
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version

from .pickled_arrays import MAKERS, RefusedFileError, ordinary

# Before, torch can be asked for weights only, but told of nothing more.
_TORCH_IS_TOLD = digit_version(torch.__version__) >= digit_version('2.6')
# More pickles than in a file of torch before 1.6 are not looked at.
_PICKLES = 5


class StandIn:
    """Takes the place of any object, and of what is done to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def _ignore(self, *args: Any) -> None:
        pass

    __setstate__ = __setitem__ = append = extend = add = update = _ignore


class _HistoryMethod:
    """In the place of ``getattr``, by which ``HistoryBuffer`` is pickled.

    The builtin would open every load in the process; this finds public
    attributes of that class alone.
    """

    def __new__(cls, owner: Any, name: str) -> Any:
        if owner is HistoryBuffer and not name.startswith('_'):
            return getattr(owner, name)
        raise RefusedFileError(
            f'a checkpoint may only look up public attributes of '
            f'HistoryBuffer, but this one asks for {name!r} of {owner!r}')


_MAKERS: Dict[str, Any] = {
    **MAKERS,
    'builtins.getattr': _HistoryMethod,
    f'{HistoryBuffer.__module__}.HistoryBuffer': HistoryBuffer,
}
if not _TORCH_IS_TOLD:  # what torch lists itself from then on
    _MAKERS.update({
        'builtins.set': set,
        'collections.Counter': Counter,
        'torch.device': torch.device,
        **{str(kind): kind for kind in vars(torch).values()
           if isinstance(kind, torch.dtype)},
    })


def load_torch_file(path: Union[str, os.PathLike],
                    map_location: Any = 'cpu',
                    shells: Optional[Dict[str, type]] = None) -> Any:
    """Load a file of tensors, containers and MMEngine's history.

    Args:
        path (str | Path): The file.
        map_location (object): As for ``torch.load``. Defaults to 'cpu'.
        shells (dict[str, type], optional): Full names of classes that the
            file may name, with classes that take their place.

    Returns:
        object: Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        RefusedFileError: If it asks for anything else; nothing of it was
            run.
        ValueError: If ``torch.save`` did not write it, or not all of it is
            there.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: there is no such file')
    if _is_program(path):
        raise RefusedFileError(
            f'{path}: refused: is a program of TorchScript, or an archive of '
            'torch before 0.4, which cannot be read safely; a file of '
            'tensors is needed, such as torch.save(model.state_dict(), ...)')
    allow_histories()
    try:
        with warnings.catch_warnings(), _allowed(shells or {}):
            # Of a pickle that is no checkpoint; said better below.
            warnings.filterwarnings('ignore', 'Detected pickle protocol')
            return ordinary(torch.load(
                path, map_location=map_location, weights_only=True))
    except RefusedFileError as error:
        raise RefusedFileError(f'{path}: refused: {error}') from None
    except (MemoryError, torch.cuda.OutOfMemoryError):
        raise
    except Exception as error:  # unpickling can raise anything
        known = {**_torch_makers(), **_MAKERS, **(shells or {})}
        asked = [name for name in names_in(path) if name not in known]
        if asked:
            raise RefusedFileError(
                f'{path}: refused: asks for {asked[0]}, which a file of '
                'weights has no reason to; nothing of it was run. Ask its '
                'author for a file of tensors, numbers and texts only'
            ) from None
        if isinstance(error, pickle.UnpicklingError):
            # torch's own text advises to load it unsafely.
            error = 'it is something else, or damaged'
        reason = f'{error}'.strip().split('\n')[0]
        raise ValueError(f'{path}: cannot be read as a file that torch.save '
                         f'has written ({reason})') from None


def names_in(path: Union[str, os.PathLike]) -> List[str]:
    """List the classes and functions that a pickle asks for.

    It gets stand-ins, which do nothing.

    Args:
        path (str | Path): A file of ``torch.save``, or a pickle.

    Returns:
        list[str]: Full names, each once, in order; up to where the file is
        damaged.
    """
    names: Dict[str, None] = {}

    # Not the one in C, which makes room for as many objects as a file says.
    class Namer(pickle._Unpickler):

        def find_class(self, module: str, name: str) -> type:
            names[_full_name(module, name)] = None
            return StandIn

        def persistent_load(self, pid: Any) -> None:
            return None

    def name_all(file: BinaryIO) -> None:
        try:
            for _ in range(_PICKLES):
                Namer(file, encoding='latin1').load()
        except Exception:  # what was named until then is there
            return

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                if entry.endswith('data.pkl'):
                    with archive.open(entry) as file:
                        name_all(file)
    else:
        with open(path, 'rb') as file:
            name_all(file)
    return list(names)


def load_from_local(filename: str, map_location: Any = None) -> Any:
    """Load a checkpoint for MMEngine; see :func:`load_torch_file`.

    Args:
        filename (str): The file.
        map_location (object): As for ``torch.load``. Defaults to None.

    Returns:
        object: Its content, without the config that MMCV 1 wrote into
        ``meta``: MMEngine would execute it to see how many GPUs there were.
    """
    content = load_torch_file(osp.expanduser(filename), map_location)
    meta = content.get('meta') if isinstance(content, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)
    return content


def load_from_http(filename: str,
                   map_location: Any = None,
                   model_dir: Optional[str] = None,
                   progress: bool = True) -> Any:
    """Fetch a checkpoint once, and load it; see :func:`load_from_local`.

    Args:
        filename (str): Its address.
        map_location (object): As for ``torch.load``. Defaults to None.
        model_dir (str, optional): Where it is kept. Defaults to the folder
            ``checkpoints`` of ``torch.hub``.
        progress (bool): Show a bar. Defaults to True.

    Returns:
        object: Its content.
    """
    folder = model_dir or osp.join(torch.hub.get_dir(), 'checkpoints')
    path = osp.join(folder, osp.basename(urlparse(filename).path))
    rank, world_size = get_dist_info()
    for turn in (0, 1):  # other machines may have disks of their own
        if turn == min(rank, 1) and not osp.exists(path):
            os.makedirs(folder, exist_ok=True)
            torch.hub.download_url_to_file(filename, path, progress=progress)
        if world_size > 1 and turn == 0:
            torch.distributed.barrier()
    return load_from_local(path, map_location)


def allow_histories() -> None:
    """Let ``torch.load(weights_only=True)`` read MMEngine's checkpoints."""
    if _TORCH_IS_TOLD:
        torch.serialization.add_safe_globals(
            [(maker, name) for name, maker in _MAKERS.items()])
    else:
        torch._weights_only_unpickler.Unpickler = WeightsUnpickler


def _is_program(path: Union[str, os.PathLike]) -> bool:
    # torch before 2.6 reads both also where it is asked for weights only.
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith('constants.pkl')
                       for name in archive.namelist())
    return tarfile.is_tarfile(path)


@contextmanager
def _allowed(shells: Dict[str, type]) -> Iterator[None]:
    if not shells:
        yield
    elif _TORCH_IS_TOLD:
        with torch.serialization.safe_globals(
            [(shell, name) for name, shell in shells.items()]):
            yield
    else:
        before = dict(WeightsUnpickler.makers)
        WeightsUnpickler.makers.update(shells)
        try:
            yield
        finally:
            WeightsUnpickler.makers = before


def _torch_makers() -> Dict[str, Any]:
    return torch._weights_only_unpickler._get_allowed_globals()


def _full_name(module: str, name: str) -> str:
    # Protocol 2 uses the names of Python 2.
    module = {'__builtin__': 'builtins'}.get(module, module)
    return f'{module}.{name}'


class WeightsUnpickler(pickle._Unpickler):
    """What ``torch.load(weights_only=True)`` unpickles by before torch 2.6.

    That of torch 2.1 cannot be told of other classes. Like that of today,
    this one finds what is listed and nothing else, calls only that, and sets
    the state of instances of that alone.
    """

    makers: Dict[str, Any] = dict(_MAKERS)
    dispatch = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        """Give what is listed under a name.

        Args:
            module (str): Its module.
            name (str): Its name there.

        Returns:
            object: A class or function.

        Raises:
            UnpicklingError: If it is not listed.
        """
        name = _full_name(module, name)
        for makers in (_torch_makers(), self.makers):
            if name in makers:
                return makers[name]
        raise pickle.UnpicklingError(f'{name} is not allowed')

    def _require(self, maker: Any) -> None:
        listed = [*_torch_makers().values(), *self.makers.values()]
        if not any(maker is item for item in listed):
            raise pickle.UnpicklingError(f'{maker} is not allowed')

    def _call(self) -> None:
        self._require(self.stack[-2])
        super().load_reduce()

    def _create(self) -> None:
        self._require(self.stack[-2])
        super().load_newobj()

    def _set_state(self) -> None:
        self._require(type(self.stack[-2]))
        super().load_build()

    def _refuse(self) -> None:
        raise pickle.UnpicklingError('a file of torch.save has no such step')

    dispatch.update(dict.fromkeys(
        (code[0] for code in (pickle.NEWOBJ_EX, pickle.INST, pickle.OBJ,
                              pickle.EXT1, pickle.EXT2, pickle.EXT4)),
        _refuse))
    dispatch.update({
        pickle.REDUCE[0]: _call,
        pickle.NEWOBJ[0]: _create,
        pickle.BUILD[0]: _set_state,
    })
