import fractions
import pickle

import numpy as np
import pytest

from meltr_mm.datasets.data_files import (
    ForeignClassError,
    load_data_pickle,
    load_video_table,
)


class Touch:
    """Would create a file if it were unpickled the ordinary way."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


def dump(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return str(path)


@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_arrays_and_builtins_are_read(tmp_path, protocol):
    content = dict(
        codes=np.arange(6, dtype=np.int16).reshape(2, 3),
        listed=[np.zeros((7, 7), np.uint16)],
        number=np.float32(1.5),
        text=['abc', (1, None), {2}])
    read = load_data_pickle(dump(tmp_path / 'a.pkl', content, protocol))
    assert np.array_equal(read['codes'], content['codes'])
    assert read['codes'].dtype == np.int16
    assert read['listed'][0].shape == (7, 7)
    assert read['number'] == 1.5 and read['text'] == content['text']


def test_numpy_1_spelling_is_read(tmp_path):
    path = dump(tmp_path / 'a.pkl', np.arange(3), protocol=2)
    (tmp_path / 'a.pkl').write_bytes(
        (tmp_path / 'a.pkl').read_bytes().replace(b'numpy._core.',
                                                  b'numpy.core.'))
    assert load_data_pickle(path).tolist() == [0, 1, 2]


def test_foreign_class_is_named_and_not_loaded(tmp_path):
    path = dump(tmp_path / 'bad.pkl', {'a': fractions.Fraction(1, 2)})
    with pytest.raises(
            ForeignClassError, match=r'bad\.pkl.*fractions\.Fraction'):
        load_data_pickle(path)


def test_code_is_not_run(tmp_path):
    path = dump(tmp_path / 'evil.pkl', Touch(tmp_path / 'touched'))
    with pytest.raises(ForeignClassError, match=r'evil\.pkl.*io\.open'):
        load_data_pickle(path)
    assert not (tmp_path / 'touched').exists()


def test_builtin_functions_are_foreign(tmp_path):
    path = tmp_path / 'evil.pkl'
    path.write_bytes(b"cbuiltins\neval\n(S'1'\ntR.")
    with pytest.raises(ForeignClassError, match=r'builtins\.eval'):
        load_data_pickle(str(path))


def test_truncated_file(tmp_path):
    path = dump(tmp_path / 'cut.pkl', dict(a=np.zeros(1000)))
    whole = (tmp_path / 'cut.pkl').read_bytes()
    (tmp_path / 'cut.pkl').write_bytes(whole[:99])
    with pytest.raises(ValueError, match=r'cut\.pkl: the file is truncated'):
        load_data_pickle(path)


@pytest.mark.parametrize('content', [b'', b'no pickle', b'{"json": 1}'])
def test_not_a_pickle(tmp_path, content):
    (tmp_path / 'x.pkl').write_bytes(content)
    with pytest.raises(ValueError, match=r'x\.pkl.*not a pickle'):
        load_data_pickle(str(tmp_path / 'x.pkl'))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no\.pkl.*config'):
        load_video_table(str(tmp_path / 'no.pkl'))


def test_table_must_be_a_dict(tmp_path):
    path = dump(tmp_path / 'list.pkl', [1])
    with pytest.raises(ValueError, match=r'list\.pkl.*must hold a dict'):
        load_video_table(path)


def test_table_is_shared_until_the_file_changes(tmp_path):
    path = dump(tmp_path / 't.pkl', dict(a=1))
    first = load_video_table(path)
    assert load_video_table(path) is first
    dump(tmp_path / 't.pkl', dict(a=1, b=2))
    assert load_video_table(path) == dict(a=1, b=2)
