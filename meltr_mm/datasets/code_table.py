"""Tables of visual codes that are mapped into memory, not loaded.

A pickle of codes is loaded whole. For a large data set the codes of all
videos can stand in one array file instead, of which only the pages that are
read are in memory, shared by all processes.
"""
import os
import os.path as osp
from collections.abc import Mapping
from functools import cache
from typing import Dict, Iterator, Union

import numpy as np

from .mapped_features import open_array
from .read_json import read_json
from .require_file import require_file
from .safe_pickle import load_video_table


class MappedCodes(Mapping):
    """Codes of each video, from ``<name>.npy`` and ``<name>.json``.

    The array is (N, T, h, w), the JSON file the list of the N video ids in
    the same order.

    Args:
        path (str): The ``.npy`` file.

    Raises:
        FileNotFoundError: If one of the two files is missing.
        ValueError: If the array has other axes, or another number of videos
            than there are ids.
    """

    def __init__(self, path: str) -> None:
        require_file(path, 'file of codes')
        names_path = f'{osp.splitext(path)[0]}.json'
        names = read_json(names_path)
        if not isinstance(names, list) or not all(
                isinstance(name, str) for name in names) or len(
                    set(names)) < len(names):
            raise ValueError(
                f'{names_path}: must be a list of the ids of the videos, '
                'each once. Write both files together.')
        self._codes = open_array(path)
        if self._codes.ndim != 4 or len(self._codes) != len(names):
            raise ValueError(
                f'{path}: must be an array (videos, frames, rows, columns) '
                f'with one entry for each of the {len(names)} videos in '
                f'{names_path}, but has the shape {self._codes.shape}. Write '
                'both files together.')
        self._row_of: Dict[str, int] = {
            name: row for row, name in enumerate(names)
        }

    def __getitem__(self, name: str) -> np.ndarray:
        return self._codes[self._row_of[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._row_of)

    def __len__(self) -> int:
        return len(self._row_of)


def load_code_table(path: str) -> Union[dict, MappedCodes]:
    """Open a table of codes of either kind, once per process.

    Args:
        path (str): A pickle, or the ``.npy`` file of :class:`MappedCodes`.

    Returns:
        Mapping: Video id -> codes, T arrays (h, w) or one (T, h, w). Treat
        it as read-only.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: See
            :func:`load_video_table` and :class:`MappedCodes`.
    """
    if path.endswith('.npy'):
        require_file(path, 'file of codes')
        # Files written anew between two calls are not served from memory.
        return _open_mapped(osp.abspath(path), os.stat(path).st_mtime_ns)
    return load_video_table(path)


@cache
def _open_mapped(path: str, version: int) -> MappedCodes:
    return MappedCodes(path)
