"""Features and codes by video: pickles, or arrays that are memory-mapped.

A pickle has to be in memory as a whole. The mapped form is an array file and
an index beside it, of which only what is used is read, once for all processes
on a machine:

* features: ``NAME.npy``, the vectors of all videos below each other (N, D),
  and ``NAME.json``, ``{"rows": N, "width": D, "videos": {id: [first row,
  rows]}}``;
* codes: ``NAME.npy``, (N, T, h, w), and ``NAME.json``, the list of the N
  video ids in the same order.
"""
import json
import os
import os.path as osp
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Tuple

import numpy as np

from .data_files import load_video_table, read_json, require_file, require_keys


class MappedFeatures(Mapping):
    """Features by video id, in the mapped form.

    Args:
        path (str): The ``.npy``; its index lies beside it.

    Raises:
        FileNotFoundError: If one of the two files is missing.
        ValueError: If one is damaged, or they do not belong together.
    """

    def __init__(self, path: str) -> None:
        index_path = index_of(path)
        index = read_json(index_path)
        require_keys(index, ['rows', 'width', 'videos'], index_path)
        self._rows = open_array(path)
        shape = (index['rows'], index['width'])
        if self._rows.shape != shape:
            raise ValueError(
                f'{path}: must be {shape}, as {index_path} says, but is '
                f'{self._rows.shape}. Convert the pickle again.')
        self._videos = index['videos']
        require_keys(self._videos, [], f'{index_path}, `videos`')
        for name, place in self._videos.items():
            if not _lies_in(place, len(self._rows)):
                raise ValueError(
                    f'{index_path}: the place of {name!r} must be [first row, '
                    f'rows] within the {len(self._rows)} rows of {path}, but '
                    f'is {place!r}. Convert the pickle again.')

    def __getitem__(self, name: str) -> np.ndarray:
        first, count = self._videos[name]
        return self._rows[first:first + count]

    def __iter__(self) -> Iterator[str]:
        return iter(self._videos)

    def __len__(self) -> int:
        return len(self._videos)


class MappedCodes(Mapping):
    """Codes by video id, in the mapped form.

    Args:
        path (str): The ``.npy``; its index lies beside it.

    Raises:
        FileNotFoundError: If one of the two files is missing.
        ValueError: If the array has other axes, or another number of videos
            than there are ids.
    """

    def __init__(self, path: str) -> None:
        names_path = index_of(path)
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


def index_of(path: str) -> str:
    """Name the ``.json`` that belongs to a ``.npy``."""
    return osp.splitext(path)[0] + '.json'


def open_array(path: str) -> np.ndarray:
    """Map an array file into memory; ValueError if it is damaged."""
    try:
        return np.load(path, mmap_mode='r', allow_pickle=False)
    except Exception as error:  # reading garbage can raise anything
        raise ValueError(
            f'{path}: the file is truncated or is no array of numpy '
            f'({type(error).__name__}: {error}). Write it again.') from None


def array_of(value: Any, kinds: str) -> Optional[np.ndarray]:
    """Make an array of what stands in a table, if it is one.

    Args:
        value (Any): An array, or nested lists of equal lengths.
        kinds (str): Letters of the admitted kinds of numpy types: 'f' for
            floating point, 'i' and 'u' for whole numbers.

    Returns:
        np.ndarray | None: The array; None if it is none, or of another kind.
    """
    try:
        array = np.asarray(value)
    except ValueError:  # unequal lengths
        return None
    return array if array.dtype.kind in kinds else None


def load_feature_table(path: str) -> Mapping:
    """Open features in either form, once per process.

    Args:
        path (str): A ``.npy`` of the mapped form, or a pickle ``{id: (T,
            D)}``.

    Returns:
        Mapping: Features by id. Treat it as read-only.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: See
            :class:`MappedFeatures` and
            :func:`meltr_mm.datasets.data_files.load_video_table`.
    """
    return _load(path, MappedFeatures)


def load_code_table(path: str) -> Mapping:
    """Open codes in either form, once per process.

    Args:
        path (str): A ``.npy`` of the mapped form, or a pickle ``{id: T
            arrays (h, w), or one (T, h, w)}``.

    Returns:
        Mapping: Codes by id. Treat it as read-only.

    Raises:
        FileNotFoundError, ForeignClassError, ValueError: See
            :class:`MappedCodes` and
            :func:`meltr_mm.datasets.data_files.load_video_table`.
    """
    return _load(path, MappedCodes)


def _load(path: str, mapped: type) -> Mapping:
    if not path.endswith('.npy'):
        return load_video_table(path)
    require_file(path, 'table of videos')
    require_file(index_of(path), 'index of the table')
    path = osp.abspath(path)
    # Files written anew between two calls must not be served from memory.
    version = tuple(
        os.stat(file).st_mtime_ns for file in (path, index_of(path)))
    return _open(mapped, path, version)


@lru_cache(None)
def _open(mapped: type, path: str, version: tuple) -> Mapping:
    return mapped(path)


def write_mapped_features(
        table: Dict[str, Any],
        path: str,
        source: str,
        progress: Callable[[list], Iterable] = iter,
        width: Optional[int] = None) -> Tuple[int, int]:
    """Write features in the mapped form.

    Values are kept as float16 if all are, else as float32, which is what the
    pipelines make of them. Nothing is left at ``path`` if one is bad.

    Args:
        table (dict[str, array]): Features (T, D) by video id.
        path (str): The ``.npy`` to write; the index goes beside it.
        source (str): Where the table is from, for messages.
        progress (Callable): Wraps the list of ids, to show progress. Defaults
            to ``iter``.
        width (int, optional): What D must be. Defaults to that of the first
            video.

    Returns:
        tuple[int, int]: N and D.

    Raises:
        ValueError: If there is no video, an id is no text, widths differ or
            a value is not finite.
    """
    if not path.endswith('.npy'):
        raise ValueError(f'the name must end in .npy, but is {path!r}.')
    videos, rows, width, dtype = _layout(table, source, width)
    part = f'{path}.part'
    try:
        mapped = np.lib.format.open_memmap(
            part, mode='w+', dtype=dtype, shape=(rows, width))
        for name in progress(list(videos)):
            first, count = videos[name]
            values = np.asarray(table[name]).astype(dtype)
            if not np.isfinite(values).all():
                raise ValueError(
                    f'{source}: the features of {name!r} must be finite '
                    f'{dtype} numbers, but some are not. Extract them again.')
            mapped[first:first + count] = values
        mapped.flush()
        os.replace(part, path)
    finally:
        if osp.exists(part):
            os.remove(part)
    with open(index_of(path), 'w', encoding='utf-8') as file:
        json.dump(dict(rows=rows, width=width, videos=videos), file)
    return rows, width


def _layout(table: Dict[str, Any], source: str,
            width: Optional[int]) -> tuple:
    videos: Dict[str, Tuple[int, int]] = {}
    rows, dtype = 0, np.dtype(np.float16)
    for name, video in table.items():
        video = np.asarray(video)
        if not isinstance(name, str):
            raise ValueError(
                f'{source}: ids must be texts, but one is {name!r}.')
        if video.ndim != 2 or width not in (None, video.shape[1]):
            raise ValueError(
                f'{source}: the features of {name!r} must be (seconds, '
                f'{width or "width"}), but are {video.shape}. Extract them '
                'again, or use another file.')
        width = video.shape[1]
        if video.dtype != np.float16:
            dtype = np.dtype(np.float32)
        videos[name] = rows, len(video)
        rows += len(video)
    if not rows:
        raise ValueError(f'{source}: there are no features in it.')
    return videos, rows, width, dtype


def _lies_in(place: Any, rows: int) -> bool:
    """Whether something is [first row, number of rows] of an array."""
    return isinstance(place, list) and len(place) == 2 and all(
        type(number) is int and number >= 0
        for number in place) and sum(place) <= rows
