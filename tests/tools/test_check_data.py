"""tools/data/check.py on tiny files of each data set."""
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from univl_files import dump, write

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'data'))
import check  # noqa: E402

FEATURES = dict(
    youcook2='youcookii_videos_features.pickle',
    msrvtt='msrvtt_videos_features.pickle',
    cmu_mosi='mosi_s3d_features.pickle')


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the tool where `data/` is; returns exit code and its lines."""
    monkeypatch.chdir(tmp_path)
    real = Config.fromfile

    def offline(path):
        cfg = real(str(path))
        cfg.merge_from_dict(dict(tokenizer='minilm'))
        return cfg

    monkeypatch.setattr(check.Config, 'fromfile', offline)

    def main(name):
        monkeypatch.setattr(
            sys, 'argv', ['check.py', f'{ROOT}/configs/{name}.py'])
        code = 0
        try:
            check.main()
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().out

    return main


@pytest.mark.parametrize('name, data_set, lines', [
    ('youcook2_retrieval', 'youcook2',
     ['train: 2 items, 2 clips', 'val: 2 items', 'test: the same as val']),
    ('youcook2_captioning', 'youcook2', ['train: 2 items, 2 clips']),
    ('msrvtt7k_retrieval', 'msrvtt',
     ['train: 2 items, 2 clips', 'val: 2 items']),
    ('msrvtt_captioning', 'msrvtt', ['val: 2 items, 2 clips']),
    ('mosi', 'cmu_mosi', ['train: 2 items', 'val: 2 items',
                          'test: 2 items']),
])
def test_everything_is_there(run, tmp_path, name, data_set, lines):
    write(data_set, tmp_path / 'data')
    code, output = run(f'meltr_univl_{name}')
    assert code == 0, output
    for line in [*lines, 'everything is there']:
        assert line in output


def test_all_missing_files_are_listed(run):
    code, output = run('meltr_univl_youcook2_retrieval')
    assert code == 1
    for file in ('youcookii_train.csv', 'youcookii_val.csv',
                 'youcookii_data.no_transcript.pickle',
                 FEATURES['youcook2']):
        assert f'WRONG data/youcook2/{file}: missing' in output


@pytest.mark.parametrize('fault, message', [
    ('absent', r"train: WRONG ValueError: .*no features of 'a'.*\(2 clips\)"),
    ('width', r'must be \(seconds, 1024\), but are \(12, 20\)'),
    ('nan', "features of 'a' must be finite"),
    ('short', "the 3 vectors of 'a' have none between 5.0"),
    ('truncated', 'is truncated or is not a pickle'),
    ('foreign', 'refers to subprocess.run'),
])
def test_faults_of_features(run, tmp_path, fault, message):
    path = write('youcook2', tmp_path / 'data') / FEATURES['youcook2']
    table = pickle.loads(path.read_bytes())
    if fault == 'absent':
        del table['a']
    elif fault == 'width':
        table['a'] = table['a'][:, :20]
    elif fault == 'nan':
        table['a'][0, 0] = np.nan
    elif fault == 'short':
        table['a'] = table['a'][:3]
    elif fault == 'foreign':
        table['a'] = subprocess.run
    dump(path, table)
    if fault == 'truncated':
        path.write_bytes(path.read_bytes()[:50])
    code, output = run('meltr_univl_youcook2_retrieval')
    assert code == 1
    assert re.search(message, output), output


def test_bad_annotations(run, tmp_path):
    root = write('msrvtt', tmp_path / 'data')
    (root / 'MSRVTT_data.json').write_text('{"videos": [')
    code, output = run('meltr_univl_msrvtt7k_retrieval')
    assert code == 1 and 'not valid JSON' in output


def test_violet(run, tmp_path, toy_root):
    data = tmp_path / 'data'
    data.mkdir()
    (data / 'toy').mkdir()
    (data / 'toy' / 'msvd_qa').symlink_to(toy_root)
    code, output = run('toy/meltr_violet_msvdqa')
    assert code == 0, output
    assert 'train: ' in output and 'meta: ' in output


@pytest.mark.parametrize('name, items', [
    ('msrvtt7k_retrieval', 'train: 7 items, 7 clips'),
    ('msrvtt_mc', 'test: 4 items, 4 clips'),
    ('msvdqa', 'train: '),
    ('tgif_action', 'val: '),
])
def test_all_in_one(run, tmp_path, toy_data_root, name, items):
    (tmp_path / 'data').symlink_to(toy_data_root)
    code, output = run(f'meltr_all_in_one_{name}')
    assert code == 0, output
    assert items in output


def test_broken_gif(run, tmp_path, toy_tgif_root):
    (tmp_path / 'data').mkdir()
    root = tmp_path / 'data' / 'tgif'
    shutil.copytree(toy_tgif_root, root)
    gif = min((root / 'gifs').iterdir())
    gif.write_bytes(gif.read_bytes()[:2000])
    code, output = run('meltr_all_in_one_tgif_frame')
    assert code == 1
    assert f'WRONG ValueError: data/tgif/gifs/{gif.name}' in output
    assert 'is no whole GIF: it is cut off' in output
