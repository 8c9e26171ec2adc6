"""Reading pickled feature files without running what they contain.

Public video-language data comes as pickles from other people's drives, and a
pickle may call any function while it is loaded. The reader here admits numpy
arrays, numpy scalars and builtin containers; anything else is an error that
names the file and the foreign class.
"""
import os
import os.path as osp
import pickle
from functools import lru_cache
from typing import Any, Dict

import numpy as np

from .annotation_files import require_file

_NUMPY_NAMES = {
    '_reconstruct': 'multiarray',
    'scalar': 'multiarray',
    '_frombuffer': 'numeric',
}
# `_codecs.encode` is how protocol 2 spells the bytes of an array.
_PLAIN_NAMES = {
    ('numpy', 'ndarray'),
    ('numpy', 'dtype'),
    ('_codecs', 'encode'),
    ('collections', 'OrderedDict'),
    ('builtins', 'set'),
    ('builtins', 'frozenset'),
    ('builtins', 'bytearray'),
    ('builtins', 'complex'),
}


class ForeignClassError(pickle.UnpicklingError):
    """A pickle asks for a class that a data file has no reason to hold."""


class _DataUnpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        # Protocols 0 to 2 use the names of Python 2.
        module = {'__builtin__': 'builtins'}.get(module, module)
        # numpy 2 moved `numpy.core` to `numpy._core`; files know either.
        for package in ('numpy.core.', 'numpy._core.'):
            if module == package + _NUMPY_NAMES.get(name, ''):
                home = 'numpy.core' if np.__version__ < '2' else 'numpy._core'
                return super().find_class(
                    f'{home}.{_NUMPY_NAMES[name]}', name)
        is_dtype = module == 'numpy.dtypes' and name.endswith('DType')
        if (module, name) in _PLAIN_NAMES or is_dtype:
            return super().find_class(module, name)
        raise ForeignClassError(f'{module}.{name}')


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
        try:
            return _DataUnpickler(file).load()
        except ForeignClassError as error:
            raise ForeignClassError(
                f'{path}: a data pickle must hold numpy arrays and builtin '
                f'types only, but this one refers to {error}. It was not '
                'loaded. If you trust its origin, load it yourself and save '
                'it again as a dict of numpy arrays.') from None
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
