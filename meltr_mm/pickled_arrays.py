"""Numpy's arrays, scalars and dtypes out of a pickle that may be hostile.

A pickle of an array names functions of numpy and passes them arguments.
Numpy believes these: a shape makes an array of any size with whatever was in
memory, and the state of a dtype can declare numbers to be addresses of
objects. What is here takes numpy's place under the same names. It makes the
same arrays, after it has compared shape and dtype with the data.

Whatever has a name here is a class that cannot be changed, since an
unpickler lets a file set attributes of what it has named.
"""
import math
import re
import sys
from operator import is_not
from typing import Any, Dict, Tuple

import numpy as np

# Truth values, whole numbers, floats, complex numbers; texts of a fixed
# length; objects, which come one by one.
_CODE = re.compile(r'(b1|[iu][1248]|f[248]|c(?:8|16)|[US]\d{1,6}|O[48]?)')


class RefusedFileError(ValueError):
    """A file asks for something that data have no reason to ask for."""


class _Fixed(type):
    """A class whose attributes cannot be set."""

    def __setattr__(cls, name: str, value: Any) -> None:
        raise AttributeError(f'{cls.__name__} cannot be changed by a file')


class PickledDtype(metaclass=_Fixed):
    """In the place of ``numpy.dtype``.

    Attributes:
        dtype (np.dtype): What it stands for.
    """

    __slots__ = ('dtype', )

    def __init__(self, code: str, align: bool = False,
                 copy: bool = True) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise RefusedFileError('an array must be of numbers, texts or '
                                   f'objects, but this one is of {code!r}')
        self.dtype = np.dtype(code[:1] if code[0] == 'O' else code)

    def __setstate__(self, state: Tuple) -> None:
        version, order, *parts = state
        subarray, names, fields, size = parts[:4]
        if version != 3 or order not in ('<', '>', '|', '=') or \
                (subarray, names, fields) != (None, ) * 3 or \
                size not in (-1, self.dtype.itemsize):
            raise RefusedFileError(f'the state {state} of a dtype is not that '
                                   f'of {self.dtype}')
        self.dtype = self.dtype.newbyteorder(order)


class PickledArray(np.ndarray, metaclass=_Fixed):
    """In the place of ``numpy.ndarray``: an array, empty until it is filled.

    Pickled and copied it is an ordinary array.
    """

    __slots__ = ()
    # What is computed from it and an ordinary array is ordinary.
    __array_priority__ = -1.

    def __new__(cls, *args: Any) -> 'PickledArray':
        """Make an empty array."""
        if args:
            raise RefusedFileError(
                f'an array must come with its data, but this one is {args}')
        return np.ndarray.__new__(cls, (0, ), np.int8)

    def __setstate__(self, state: Tuple) -> None:
        version, shape, dtype, fortran, data = state
        _check(shape, dtype, data)
        if version != 1 or not isinstance(fortran, bool):
            raise RefusedFileError(
                'the state of an array is not of this version')
        super().__setstate__((version, shape, dtype.dtype, fortran, data))

    def __reduce_ex__(self, protocol: int) -> Tuple:
        return self.view(np.ndarray).__reduce_ex__(protocol)

    def __deepcopy__(self, memo: Dict) -> np.ndarray:
        return self.view(np.ndarray).__deepcopy__(memo)


class _Reconstruct(metaclass=_Fixed):
    """``multiarray._reconstruct(type, (0, ), b'b')``: an empty array."""

    def __new__(cls, kind: type, shape: Tuple, code: Any) -> PickledArray:
        if kind is not PickledArray or shape != (0, ):
            raise RefusedFileError(
                'an array must be empty before it is filled, but is a '
                f'{kind} of the shape {shape}')
        return PickledArray()


class _Scalar(metaclass=_Fixed):
    """``multiarray.scalar(dtype, bytes)``: one number."""

    def __new__(cls, dtype: PickledDtype, data: bytes) -> np.generic:
        _check((), dtype, data)
        return np.frombuffer(data, dtype.dtype)[0]


class _FromBuffer(metaclass=_Fixed):
    """``numeric._frombuffer(data, dtype, shape, order)`` of protocol 5."""

    def __new__(cls, data: Any, dtype: PickledDtype, shape: Tuple,
                order: str) -> np.ndarray:
        _check(shape, dtype, data)
        return np.frombuffer(data, dtype.dtype).reshape(shape, order=order)


class _Encode(metaclass=_Fixed):
    """``_codecs.encode(text, 'latin1')``: how protocol 2 spells bytes."""

    def __new__(cls, text: str, codec: str) -> bytes:
        if not isinstance(text, str) or codec not in ('latin1', 'latin-1'):
            raise RefusedFileError(
                f'bytes must be spelt in latin1, not in {codec}')
        return text.encode('latin1')


class _NoBytes(metaclass=_Fixed):
    """``bytes()``: how protocol 2 spells the data of an empty array."""

    def __new__(cls) -> bytes:
        return b''


class _ByteArray(metaclass=_Fixed):
    """``bytearray(bytes)``, and not ``bytearray(length)``."""

    def __new__(cls, data: Any = b'', codec: str = 'latin1') -> bytearray:
        if isinstance(data, str):
            data = _Encode(data, codec)
        if not isinstance(data, bytes):
            raise RefusedFileError(f'bytes must be given, not a {type(data)}')
        return bytearray(data)


def _check(shape: Any, dtype: Any, data: Any) -> None:
    if not isinstance(dtype, PickledDtype):
        raise RefusedFileError(
            f'an array must have a dtype, but has a {dtype!r}')
    if not isinstance(shape, tuple) or len(shape) > 32 or not all(
            type(length) is int and 0 <= length < 2**48 for length in shape):
        raise RefusedFileError(f'{shape!r} is not the shape of an array')
    has_objects = dtype.dtype.hasobject
    if not isinstance(data, list if has_objects else (bytes, bytearray)):
        raise RefusedFileError(
            f'an array of {dtype.dtype} cannot be made of a '
            f'{type(data).__name__}')
    size = 1 if has_objects else dtype.dtype.itemsize
    if len(data) != math.prod(shape) * size:
        raise RefusedFileError(
            f'an array of {dtype.dtype} and the shape {shape} has '
            f'{math.prod(shape)} numbers, but the file has {len(data)} '
            f"{'objects' if has_objects else 'bytes'} for it")
    if dtype.dtype.kind == 'U':
        letters = np.dtype(np.uint32).newbyteorder(dtype.dtype.byteorder)
        if (np.frombuffer(data, letters) > sys.maxunicode).any():
            raise RefusedFileError('an array of texts must have letters of '
                                   'Unicode, but has others')


# What a file may name, and what it gets instead.
MAKERS: Dict[str, Any] = {
    'numpy.dtype': PickledDtype,
    'numpy.ndarray': PickledArray,
    # Numpy 2 moved `numpy.core` to `numpy._core`; files know either.
    **{
        f'numpy.{core}.{name}': maker
        for core in ('core', '_core') for name, maker in (
            ('multiarray._reconstruct', _Reconstruct),
            ('multiarray.scalar', _Scalar),
            ('numeric._frombuffer', _FromBuffer))
    },
    'builtins.bytes': _NoBytes,
    'builtins.bytearray': _ByteArray,
    '_codecs.encode': _Encode,
}


def ordinary(content: Any) -> Any:
    """Turn what was made here into what numpy makes.

    Args:
        content (object): Out of a pickle: arrays in containers.

    Returns:
        object: The same; dicts and lists are changed in place.
    """
    # What was turned, by its identity; both are kept, so that no other object
    # gets the same.
    done: Dict[int, Tuple[Any, Any]] = {}

    def turn(value: Any) -> Any:
        if isinstance(value, PickledDtype):
            return value.dtype
        if not isinstance(value, (dict, list, tuple, PickledArray)):
            return value
        if id(value) not in done:
            done[id(value)] = value, value
            done[id(value)] = value, turn_parts(value)
        return done[id(value)][1]

    def turn_parts(value: Any) -> Any:
        if isinstance(value, tuple):
            parts = tuple(map(turn, value))
            return parts if any(map(is_not, parts, value)) else value
        if isinstance(value, PickledArray):
            value = value.view(np.ndarray)
            places = np.ndindex(value.shape) if value.dtype.hasobject else ()
        else:
            places = value if isinstance(value, dict) else range(len(value))
        for place in places:
            new = turn(value[place])
            if new is not value[place]:
                value[place] = new
        return value

    return turn(content)
