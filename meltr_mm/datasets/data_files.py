"""Reading the files of others, with errors that name the place.

Texts are UTF-8. A message says file, line or row, and key; what is malformed
ends the run before it starts, and nothing is left out silently.

Public video-language data comes as pickles from other people's drives, and a
pickle may call any function while it is loaded. Here it may hold numpy
arrays, numpy scalars and builtin containers; anything else is an error that
names the file and the foreign class. Arrays are made by
:mod:`meltr_mm.pickled_arrays`, which does not believe what a file says of
their size.
"""
import csv
import io
import json
import math
import os
import os.path as osp
import pickle
import reprlib
from collections import OrderedDict
from functools import lru_cache
from typing import Any, BinaryIO, Dict, Iterator, List, Sequence, Tuple

import numpy as np

from ..pickled_arrays import MAKERS, RefusedFileError, ordinary

_DELIMITERS = {'\t': 'tabs', ',': 'commas', ';': 'semicolons'}


def require_file(path: str, kind: str) -> None:
    """Check that a data file exists.

    Args:
        path (str): The file.
        kind (str): What it is, for the message.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
    """
    folder = osp.dirname(osp.abspath(path))
    if not osp.isdir(folder):
        raise FileNotFoundError(
            f'{folder}: the data folder does not exist, so there is no '
            f'{kind} {osp.basename(path)}. Download or generate the data '
            'set there, or set `data_root` in the config.')
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path}: there is no such {kind}. Put it there, or correct its '
            'name or `data_root` in the config.')


def read_text(path: str, kind: str = 'annotation file') -> str:
    """Read a file as UTF-8, line ends as they are, without byte-order mark.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If it is not UTF-8.
    """
    require_file(path, kind)
    with open(path, 'rb') as file:
        data = file.read()
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path}: must be text in UTF-8, but byte {error.start} is not '
            f'({error.reason}). Fetch or write the file again.') from None


def read_lines(path: str, kind: str) -> Iterator[Tuple[int, str]]:
    """Give the lines that are not empty, stripped, with numbers from 1."""
    # Lines end as in other text files, not at a form feed or the like.
    lines = io.StringIO(read_text(path, kind), newline=None)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line.strip()


def read_json(path: str) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If the file is not JSON.
    """
    return _json(read_text(path), path)


def read_json_rows(path: str) -> List[dict]:
    """Read rows: one JSON object per line, or one JSON array of objects.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If it is neither of the two, or has no rows.
    """
    text = read_text(path)
    if text.lstrip().startswith('['):
        rows = _json(text, path)
        wrong = [i for i, row in enumerate(rows) if not isinstance(row, dict)]
        if wrong:
            raise ValueError(
                f'{path}, row {wrong[0]}: must be one object in braces, but '
                f'is {reprlib.repr(rows[wrong[0]])}.')
    else:
        rows = []
        for number, line in read_lines(path, 'annotation file'):
            row = _json(line, f'{path}, line {number}')
            if not isinstance(row, dict):
                raise ValueError(
                    f'{path}, line {number}: must be one object in braces, '
                    f'but is {reprlib.repr(row)}.')
            rows.append(row)
    if not rows:
        raise ValueError(f'{path}: the file has no rows.')
    return rows


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{where}: is not valid JSON ({error}). Fetch or write the file '
            'again.') from None


def read_table(path: str, columns: Sequence[str]) -> List[Dict[str, str]]:
    """Read a table, as :func:`read_numbered_table`, without the numbers."""
    return [row for _, row in read_numbered_table(path, columns)]


def read_numbered_table(
        path: str,
        columns: Sequence[str]) -> List[Tuple[int, Dict[str, str]]]:
    """Read a table with the names of its columns in the first line.

    Tabs, commas or semicolons stand between the columns, whatever the file
    is called: the ``.csv`` files of TGIF-QA have tabs, and of MSRVTT's lists
    there are versions with commas and with semicolons. Fields may be quoted,
    and empty lines do not count.

    Args:
        path (str): The file.
        columns (Sequence[str]): Those that must be there and be filled.

    Returns:
        list[tuple[int, dict[str, str]]]: One dict per line after the first,
        with all columns, behind the number of the line, from 1.

    Raises:
        FileNotFoundError: If the file, or already its folder, is missing.
        ValueError: If a column or a value is missing, two columns have one
            name, a line has another number of columns than the first, or
            there is no row.
    """
    text = read_text(path)
    delimiter = _delimiter(text, columns, path)
    # Strict: else a quote that is not closed swallows all rows after it.
    reader = csv.reader(
        io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, fields) for fields in reader if fields]
    except csv.Error as error:
        raise ValueError(
            f'{path}, line {reader.line_num}: is not part of a table '
            f'({error}). Fetch the file again.') from None
    header = lines[0][1]
    if len(set(header)) < len(header):
        raise ValueError(
            f'{path}: each column must have a name of its own in the first '
            f'line, but they are {header}. Fetch the file again.')
    rows = []
    for number, fields in lines[1:]:
        if len(fields) != len(header):
            raise ValueError(
                f'{path}, line {number}: must have the {len(header)} columns '
                f'{header} with {_DELIMITERS[delimiter]} between them, but '
                f'has {len(fields)}. Put a text that has such a sign in it '
                'into double quotes, or fetch the file again.')
        row = dict(zip(header, fields))
        for column in columns:
            nonempty_text(row[column], f'{path}, line {number}, `{column}`')
        rows.append((number, row))
    if not rows:
        raise ValueError(f'{path}: there is no row below the first line.')
    return rows


def _delimiter(text: str, columns: Sequence[str], path: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), '')
    found = {
        delimiter: next(csv.reader([first], delimiter=delimiter), [])
        for delimiter in _DELIMITERS
    }
    for delimiter, header in found.items():
        if set(columns) <= set(header):
            return delimiter
    header = max(found.values(), key=len)
    missing = [column for column in columns if column not in header]
    raise ValueError(
        f'{path}: the first line must name the columns {list(columns)}, with '
        f'tabs, commas or semicolons between them, but {missing} are not '
        f'among {header}. Is this the right file?')


def read_clip_names(path: str) -> Dict[str, str]:
    """Read which clip each number of MSVD-QA stands for.

    Args:
        path (str): File with lines ``<clip name> vid<id>``.

    Returns:
        dict[str, str]: ``vid<id>`` -> clip name.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If a line is something else, or gives a number a second
            clip.
    """
    clip_of: Dict[str, str] = {}
    for number, line in read_lines(path, 'table of clip names'):
        fields = line.split()
        if len(fields) != 2 or clip_of.setdefault(
                fields[1], fields[0]) != fields[0]:
            raise ValueError(
                f'{path}, line {number}: must be `<clip name> vid<id>`, one '
                f'clip for each id, but is {line!r}.')
    return clip_of


def require_keys(item: Any,
                 keys: Sequence[str],
                 where: str,
                 texts: Sequence[str] = ()) -> None:
    """Check that a dict of an annotation file has what is read of it.

    Args:
        item (Any): The dict.
        keys (Sequence[str]): Keys that it must have.
        where (str): File and place, for the message.
        texts (Sequence[str]): Those among the keys that must be texts which
            are not empty.

    Raises:
        ValueError: If it is no dict, or lacks a key or a text.
    """
    if not isinstance(item, dict):
        raise ValueError(
            f'{where}: must be a dict, but is {reprlib.repr(item)}.')
    for key in keys:
        if key not in item:
            raise ValueError(
                f'{where}: the key {key!r} is missing; there are '
                f'{sorted(map(str, item))[:10]}. Add it, or take the item '
                'out.')
        if key in texts:
            nonempty_text(item[key], f'{where}, `{key}`')


def nonempty_text(value: Any, where: str) -> str:
    """Check a text and return it as ``str``.

    Raises:
        ValueError: If it is no text, or an empty one.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(
            f'{where}: must be a text that is not empty, but is '
            f'{reprlib.repr(value)}. Add it, or take the item out.')
    return str(value)


def name_text(value: Any, where: str) -> str:
    """Check a name, which some files write as a number; return it as text.

    Raises:
        ValueError: If it is neither a text nor a whole number.
    """
    if type(value) is int:
        return str(value)
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(
        f'{where}: must be a name or a number, but is '
        f'{reprlib.repr(value)}. Correct it, or take the item out.')


def finite_number(value: Any, where: str) -> float:
    """Check a number.

    Raises:
        ValueError: If it is none, or not finite.
    """
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    try:
        # An integer may be too large for a float.
        if is_number and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass
    raise ValueError(f'{where}: must be a finite number, but is '
                     f'{reprlib.repr(value)}. Correct it.')


def parallel_lists(item: Any, fields: List[str],
                   where: str) -> Dict[str, Sequence]:
    """Check lists of which each entry belongs to one sample.

    Args:
        item (Any): The dict that has them.
        fields (list[str]): Their keys.
        where (str): File and place, for the message.

    Returns:
        dict[str, Sequence]: The lists, or arrays with one axis, by key.

    Raises:
        ValueError: If one is missing, is no list, or they differ in length.
    """
    require_keys(item, fields, where)
    for field in fields:
        value = item[field]
        if not isinstance(value, (list, tuple)) and not (
                isinstance(value, np.ndarray) and value.ndim == 1):
            raise ValueError(
                f'{where}, `{field}`: must be a list, or an array with one '
                f'axis, but is {reprlib.repr(value)}. Write the file again.')
    lengths = {field: len(item[field]) for field in fields}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f'{where}: the lists must be equally long, one entry per sample, '
            f'but have the lengths {lengths}.')
    return {field: item[field] for field in fields}


def class_index(value: Any, end: int, where: str) -> int:
    """Check the number of a class, 0 to ``end`` - 1; digits do as well.

    Raises:
        ValueError: If it is none.
    """
    if type(value) in (int, str) and str(value) in map(str, range(end)):
        return int(value)
    raise ValueError(
        f'{where}: must be the number of the right one, 0..{end - 1}, but is '
        f'{reprlib.repr(value)}. Correct it, or take the item out.')


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
