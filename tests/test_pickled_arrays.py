"""Arrays out of pickles that lie about them, and out of honest ones."""
import io
import pickle

import numpy as np
import pytest

from meltr_mm.pickled_arrays import (
    MAKERS,
    PickledArray,
    PickledDtype,
    RefusedFileError,
    ordinary,
)


class Asks:
    """Is pickled as a call of a function, and a state."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class Unpickler(pickle.Unpickler):

    def find_class(self, module, name):
        return MAKERS[f'{module}.{name}'.replace('__builtin__', 'builtins')]


def loaded(content, protocol=2):
    return Unpickler(io.BytesIO(pickle.dumps(content, protocol))).load()


HONEST = dict(
    numbers=np.arange(6, dtype=np.int16).reshape(2, 3),
    columns=np.arange(6.).reshape(2, 3).T,
    other_byte_order=np.arange(3, dtype='>i4'),
    truth=np.array([True, False]),
    complex=np.array([1 + 2j]),
    empty=np.zeros((0, 3), np.float32),
    without_axes=np.array(3.),
    long=np.arange(3000.),
    texts=np.array(['a', 'bcd']),
    bytes=np.array([b'x', b'yz']),
    scalar=np.float32(1.5),
    text_scalar=np.str_('ab'),
    dtype=np.dtype('<f8'))


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize('name', HONEST)
def test_as_numpy_makes_them(name, protocol):
    content = dict(a=[HONEST[name], (HONEST[name], 'x')])
    made = ordinary(loaded(content, protocol))['a'][0]
    wanted = pickle.loads(pickle.dumps(HONEST[name], protocol))
    assert type(made) is type(wanted)
    if name != 'dtype':
        assert made.dtype == wanted.dtype
        assert made.flags.writeable == wanted.flags.writeable
    np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize('protocol', [2, 5])
def test_arrays_of_objects(protocol):
    content = np.empty((2, 2), object)
    content[0, 0], content[0, 1] = [1, np.arange(2)], np.zeros(3)
    content[1, 0] = 'text'
    made = ordinary(loaded(dict(a=content), protocol))['a']
    assert type(made) is np.ndarray and made.shape == (2, 2)
    assert type(made[0, 1]) is np.ndarray and made[0, 1].shape == (3, )
    assert type(made[0, 0]) is list and type(made[0, 0][1]) is np.ndarray
    assert made[1, 0] == 'text' and made[1, 1] is None


def test_one_object_stays_one_object_also_in_a_circle():
    array = np.arange(3)
    content = dict(a=array, b=(array, ))
    content['c'] = content
    made = ordinary(loaded(content))
    assert made['a'] is made['b'][0] and made['c'] is made


def test_pickled_again_it_is_an_array():
    made = loaded(np.arange(4.))
    assert type(made) is PickledArray
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is np.ndarray and again.tolist() == [0, 1, 2, 3]
    assert type(np.append(made, 1.)) is np.ndarray


F8 = np.dtype('f8')
NUMBERS = np.zeros(2).__reduce__()


@pytest.mark.parametrize('reduced, message', [
    # Uninitialised, or larger than the machine.
    ((np.ndarray, ((3, ), )), 'must come with its data'),
    ((np.ndarray, ((10**15, ), )), 'must come with its data'),
    ((NUMBERS[0], (np.ndarray, (3, ), b'b')), 'must be empty before'),
    ((bytearray, (10**15, )), 'bytes must be given'),
    # A shape, a state or a type that the data do not have.
    ((*NUMBERS[:2], (1, (10**9, ), F8, False, b'\0' * 16)),
     'has 1000000000 numbers, but the file has 16 bytes'),
    ((*NUMBERS[:2], (1, (-1, ), F8, False, b'')), 'not the shape'),
    ((*NUMBERS[:2], (1, (True, ), F8, False, b'\0' * 8)), 'not the shape'),
    ((*NUMBERS[:2], (1, (2, ), np.dtype('O'), False, b'\0' * 16)),
     'of object cannot be made of a bytes'),
    ((*NUMBERS[:2], (1, (2, ), 'f8', False, b'\0' * 16)),
     'must have a dtype'),
    ((np.float64(1).__reduce__()[0], (F8, b'\0' * 7)), 'has 7 bytes'),
    ((*NUMBERS[:2], (1, (1, ), np.dtype('U1'), False, b'\xff' * 4)),
     'letters of Unicode'),
    # Numbers that are declared to be addresses of objects.
    ((np.dtype, ('f8', False, True),
      (3, '<', (F8, (2, )), None, None, -1, -1, 63)), 'not that of float64'),
    ((np.dtype, ('f8', False, True),
      (3, '<', None, ('a', ), dict(a=(F8, 0)), 8, 8, 63)),
     'not that of float64'),
    ((np.dtype, ('V1000000000', False, True)), 'of numbers, texts'),
    ((np.dtype, ([('a', 'f8')], )), 'of numbers, texts'),
])
def test_what_a_file_says_is_not_believed(reduced, message):
    with pytest.raises(RefusedFileError, match=message):
        loaded(Asks(*reduced))


def test_flags_of_a_dtype_are_not_taken():
    """With 63, numpy would follow each number of an array as a pointer."""
    made = loaded(Asks(np.dtype, ('f8', False, True),
                       (3, '<', None, None, None, -1, -1, 63)))
    assert type(made) is PickledDtype
    assert made.dtype == F8 and not made.dtype.hasobject


@pytest.mark.parametrize('name', sorted(MAKERS))
def test_what_has_a_name_cannot_be_changed(name):
    module, _, short = name.rpartition('.')
    # The class itself, then a state with attributes for it.
    text = (f'c{module}\n{short}\n(N(dS"__setstate__"\nI1\nstb.')
    kept = vars(MAKERS[name]).get('__setstate__')
    with pytest.raises((AttributeError, TypeError)):
        Unpickler(io.BytesIO(text.encode())).load()
    assert vars(MAKERS[name]).get('__setstate__') is kept
