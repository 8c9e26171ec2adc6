"""Reading pickled feature files without running what they contain.

Public video-language data comes as pickles from other people's drives, and a
pickle may call any function while it is loaded. The reader here admits numpy
arrays, numpy scalars and builtin containers; anything else is an error that
names the file and the foreign class. Arrays are made by
:mod:`meltr_mm.pickled_arrays`, which does not believe what a file says of
their size.
"""
import os
import os.path as osp
import pickle
from collections import OrderedDict
from functools import lru_cache
from typing import Any, BinaryIO, Dict

from ..pickled_arrays import MAKERS, RefusedFileError, ordinary
from .annotation_files import require_file

_MAKERS = {
    **MAKERS,
    'builtins.complex': complex,
    'builtins.frozenset': frozenset,
    'builtins.set': set,
    'collections.OrderedDict': OrderedDict,
}


class ForeignClassError(RefusedFileError, pickle.UnpicklingError):
    """A pickle asks for a class that a data file has no reason to hold."""


class _DataUnpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        # Protocols 0 to 2 use the names of Python 2.
        module = {'__builtin__': 'builtins'}.get(module, module)
        name = f'{module}.{name}'
        if name not in _MAKERS:
            raise ForeignClassError(name)
        return _MAKERS[name]


def load_data_pickle(path: str) -> Any:
    """Load a pickle that may hold numpy arrays and builtins only.

    Args:
        path (str): The file.

    Returns:
        Any: The unpickled object.

    Raises:
        FileNotFoundError: If the file or its folder does not exist.
        ForeignClassError: If the file refers to any other class or function.
        ValueError: If the file is truncated or is not a pickle.
    """
    require_file(path, 'pickle file')
    with open(path, 'rb') as file:
        return read_data_pickle(file, path)


def read_data_pickle(file: BinaryIO, path: str) -> Any:
    """Read an open pickle; see :func:`load_data_pickle`.

    Args:
        file (BinaryIO): The file.
        path (str): Its name, for messages.

    Returns:
        Any: The unpickled object.

    Raises:
        ForeignClassError, ValueError: See :func:`load_data_pickle`.
    """
    try:
        return ordinary(_DataUnpickler(file).load())
    except ForeignClassError as error:
        raise ForeignClassError(
            f'{path}: refused: asks for {error}; a data pickle must hold '
            'numpy arrays and builtin types only. Nothing of it was run. If '
            'you trust its origin, load it yourself and save it again as a '
            'dict of numpy arrays.') from None
    except RefusedFileError as error:
        raise RefusedFileError(f'{path}: refused: {error}. Fetch or write it '
                               'again.') from None
    except Exception as error:  # unpickling garbage can raise anything
        raise ValueError(
            f'{path}: the file is truncated or is not a pickle '
            f'({type(error).__name__}: {error}). Fetch or write it '
            'again.') from None


def load_video_table(path: str) -> Dict[str, Any]:
    """Load a pickled ``{video id: value}`` table, once per process.

    The table is kept for the life of the process and shared by every caller,
    so that the train, validation and test pipelines, and the forked workers
    of their data loaders, hold one copy. Treat it as read-only.

    Args:
        path (str): The file.

    Returns:
        dict: The table.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: See
            :func:`load_data_pickle`; also ``ValueError`` if the file holds
            something other than a dict.
    """
    require_file(path, 'pickle file')
    path = osp.abspath(path)
    # A file written anew between two calls must not be served from memory.
    stat = os.stat(path)
    return _load_video_table(path, (stat.st_mtime_ns, stat.st_size))


@lru_cache(None)
def _load_video_table(path: str, version: tuple) -> Dict[str, Any]:
    table = load_data_pickle(path)
    if not isinstance(table, dict):
        raise ValueError(
            f'{path}: the pickle must hold a dict that maps video ids to '
            f'values, but holds a {type(table).__name__}.')
    return table
