import json
import pickle

import numpy as np
import pytest

from meltr_mm.datasets.transforms import LoadVQCodes
from meltr_mm.datasets.video_tables import load_code_table

CODES = np.arange(2 * 3 * 3 * 4, dtype=np.int16).reshape(2, 3, 3, 4)
IMGS = [np.zeros((96, 128, 3), np.uint8)] * 3


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / 'vq.npy', CODES)
    (tmp_path / 'vq.json').write_text(json.dumps(['a', 'b']))
    return tmp_path / 'vq.npy'


def test_mapped_file_equals_pickle(mapped, tmp_path):
    (tmp_path / 'vq.pkl').write_bytes(
        pickle.dumps(dict(a=CODES[0], b=CODES[1])))
    for name in 'ab':
        codes = [
            LoadVQCodes(str(tmp_path / file))(
                dict(video_id=name, imgs=IMGS))['vq_codes']
            for file in ('vq.npy', 'vq.pkl')
        ]
        assert codes[0].tolist() == codes[1].tolist()
    table = load_code_table(str(mapped))
    assert list(table) == ['a', 'b']
    assert isinstance(table['a'], np.memmap)
    assert load_code_table(str(mapped)) is table


def test_unknown_video_and_other_grid(mapped):
    load = LoadVQCodes(str(mapped))
    with pytest.raises(ValueError, match="vq.npy: .*'c' among 2 videos"):
        load(dict(video_id='c', imgs=IMGS))
    with pytest.raises(ValueError, match="'a' must be 2 grids of 3x4"):
        load(dict(video_id='a', imgs=IMGS[:2]))
    with pytest.raises(ValueError, match="'a' must be 3 grids of 2x2"):
        load(dict(video_id='a', imgs=[np.zeros((64, 64, 3))] * 3))


def test_names_and_array_belong_together(mapped):
    mapped.with_suffix('.json').write_text('["a"]')
    with pytest.raises(ValueError, match=r'vq.npy: .* 1 videos in .*\(2, 3,'):
        load_code_table(str(mapped))


def test_missing_and_broken_files(mapped):
    mapped.with_suffix('.json').unlink()
    with pytest.raises(FileNotFoundError, match='vq.json'):
        load_code_table(str(mapped))
    mapped.with_suffix('.json').write_text('["a", "b"]')
    mapped.write_bytes(mapped.read_bytes()[:-20])
    with pytest.raises(ValueError, match='vq.npy: the file is truncated'):
        load_code_table(str(mapped))
