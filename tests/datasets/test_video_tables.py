import json
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from warm_process import run_script

from meltr_mm.datasets.transforms import LoadVQCodes
from meltr_mm.datasets.video_tables import (
    load_code_table,
    load_feature_table,
    write_mapped_features,
)

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / \
    'convert_features.py'
VIDEOS = dict(
    a=np.arange(6, dtype=np.float32).reshape(3, 2),
    b=np.array([[7.5, -8.5]], np.float32),
    c=np.zeros((0, 2), np.float32))


def convert(*args):
    return run_script(TOOL, *args)


def dump(path, content):
    path.write_bytes(pickle.dumps(content))
    return str(path)


@pytest.mark.parametrize('dtype', [np.float64, np.float32, np.float16])
def test_same_values(tmp_path, dtype):
    videos = {name: video.astype(dtype) for name, video in VIDEOS.items()}
    path = str(tmp_path / 'f.npy')
    assert write_mapped_features(videos, path, 'x') == (4, 2)
    table = load_feature_table(path)
    assert list(table) == list('abc') and 'd' not in table
    for name, video in videos.items():
        assert table[name].dtype == (
            np.float16 if dtype == np.float16 else np.float32)
        np.testing.assert_array_equal(table[name], video)
    assert isinstance(table._rows, np.memmap)


def test_pipelines_read_either_form(tmp_path):
    files = [dump(tmp_path / 'f.pickle', VIDEOS), str(tmp_path / 'f.npy')]
    write_mapped_features(VIDEOS, files[1], 'x')
    read = []
    for file in files:
        transform = TRANSFORMS.build(dict(
            type='LoadVideoFeatures', feature_file=file, max_frames=2,
            feature_dim=2))
        read.append(transform(dict(feature_id='a', start=1, end=5)))
        with pytest.raises(ValueError, match="no features of 'd' among 3"):
            transform(dict(feature_id='d'))
    assert read[0]['imgs'].tolist() == [[2, 3], [4, 5]]
    torch.testing.assert_close(read[0]['imgs'], read[1]['imgs'])


def test_a_new_file_is_not_served_from_memory(tmp_path):
    path = str(tmp_path / 'f.npy')
    write_mapped_features(VIDEOS, path, 'x')
    first = load_feature_table(path)
    assert load_feature_table(path) is first
    write_mapped_features(dict(z=VIDEOS['a']), path, 'x')
    assert list(load_feature_table(path)) == ['z']


@pytest.mark.parametrize('videos, kwargs, message', [
    (dict(VIDEOS, d=np.ones((2, 3))), {}, r"'d' must be \(seconds, 2\)"),
    (dict(d=np.ones(3)), {}, r'must be \(seconds, width\), but are \(3,\)'),
    (VIDEOS, dict(width=4), r"'a' must be \(seconds, 4\)"),
    (dict(d=np.full((1, 2), np.nan)), {}, "'d' must be finite"),
    (dict(d=np.full((1, 2), 1e300)), {}, "'d' must be finite float32"),
    ({3: np.ones((2, 2))}, {}, 'one is 3'),
    ({}, {}, 'there are no features'),
])
@pytest.mark.filterwarnings('ignore:overflow')
def test_bad_features_leave_no_file(tmp_path, videos, kwargs, message):
    with pytest.raises(ValueError, match=f'name.pkl: .*{message}'):
        write_mapped_features(
            videos, str(tmp_path / 'f.npy'), 'name.pkl', **kwargs)
    assert not list(tmp_path.iterdir())


def test_damaged_files(tmp_path):
    path = tmp_path / 'f.npy'
    with pytest.raises(FileNotFoundError, match='no such table of videos'):
        load_feature_table(str(path))
    write_mapped_features(VIDEOS, str(path), 'x')
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    with pytest.raises(ValueError, match='f.npy: the file is truncated'):
        load_feature_table(str(path))
    path.write_bytes(whole)
    index = json.loads((tmp_path / 'f.json').read_text())
    (tmp_path / 'f.json').write_text(json.dumps(dict(index, rows=5)))
    with pytest.raises(ValueError, match=r'f.npy: must be \(5, 2\)'):
        load_feature_table(str(path))
    (tmp_path / 'f.json').unlink()
    with pytest.raises(FileNotFoundError, match='no such index of the table'):
        load_feature_table(str(path))


def test_command(tmp_path):
    source, out = tmp_path / 'f.pickle', tmp_path / 'f.npy'
    dump(source, VIDEOS)
    result = convert(source, out, '--width', 2)
    assert result.returncode == 0, result.stderr
    assert '4 vectors of width 2, 3 videos' in result.stdout
    np.testing.assert_array_equal(
        load_feature_table(str(out))['b'], VIDEOS['b'])


@pytest.mark.parametrize('content, message', [
    (pickle.dumps(VIDEOS)[:40], 'f.pickle: the file is truncated'),
    (pickle.dumps(dict(a=subprocess.run)), 'asks for subprocess.run'),
    (pickle.dumps(VIDEOS), "'a' must be (seconds, 3)"),
])
def test_command_on_bad_files(tmp_path, content, message):
    (tmp_path / 'f.pickle').write_bytes(content)
    result = convert(
        tmp_path / 'f.pickle', tmp_path / 'f.npy', '--width', 3)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith('error: ') and message in last
    assert not (tmp_path / 'f.npy').exists()


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


def test_missing_and_broken_codes(mapped):
    mapped.with_suffix('.json').unlink()
    with pytest.raises(FileNotFoundError, match='vq.json'):
        load_code_table(str(mapped))
    mapped.with_suffix('.json').write_text('["a", "b"]')
    mapped.write_bytes(mapped.read_bytes()[:-20])
    with pytest.raises(ValueError, match='vq.npy: the file is truncated'):
        load_code_table(str(mapped))
