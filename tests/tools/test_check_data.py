"""tools/data/check.py on tiny files of each data set."""
import base64
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from held_out_config import held_out_config
from mmengine.config import Config
from PIL import Image
from univl_files import dump, write

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
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

    def main(name, *args):
        args = args or ('--any-count', )
        file = name if isinstance(name, Path) else f'{CONFIGS}/{name}.py'
        monkeypatch.setattr(sys, 'argv', [
            'check.py', str(file), '--jobs', '1', *args])
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
    ('foreign', 'asks for subprocess.run'),
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
    code, output = run(held_out_config(
        tmp_path, CONFIGS / 'toy' / 'meltr_violet_msvdqa.py'))
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
    assert output.count(f'data/tgif/gifs/{gif.name}') == 1
    assert 'is no whole GIF: it is cut off' in output


def test_counts_are_compared_with_the_published_ones(run, tmp_path):
    write('cmu_mosi', tmp_path / 'data')
    code, output = run('meltr_univl_mosi', '--jobs', '1')
    assert code == 1
    assert 'train of unaligned_50.pkl must have 1,284 items' in output
    assert 'valid of unaligned_50.pkl must have 229 items' in output


def test_the_public_sample_is_refused(run, tmp_path):
    """pytorch_violet's _data/txt_msvd-qa.json, with frames of its clips."""
    root = tmp_path / 'data' / 'msvd'
    root.mkdir(parents=True)
    rows = [dict(video='v', question='what?', answer=0)]
    (root / 'txt_msvd-qa.json').write_text(json.dumps(dict(
        train=rows * 200, val=rows * 50, test=rows * 50, vocab=['dog'])))
    table_of_frames(root / 'img_msvd.pkl', ['v'])
    dump(root / 'msvd_vq.pkl', dict(v=np.zeros((5, 7, 7), int)))
    code, output = run('meltr_violet_msvdqa', '--jobs', '1')
    assert code == 1
    assert output.count('is the public sample of 300 rows') == 1
    code, output = run('meltr_violet_msvdqa')
    assert code == 0, output
    assert 'the answers of 200 of 200 questions are among the 1 (1' in output


def table_of_frames(path, names):
    file = io.BytesIO()
    Image.new('RGB', (32, 24), 'red').save(file, 'JPEG')
    jpeg = base64.b64encode(file.getvalue()).decode()
    dump(path, {name: [jpeg] * 5 for name in names})


def test_model_with_too_few_outputs(run, tmp_path, toy_root):
    (tmp_path / 'data' / 'toy').mkdir(parents=True)
    (tmp_path / 'data' / 'toy' / 'msvd_qa').symlink_to(toy_root)
    code, output = run('toy/meltr_violet_msvdqa', '--any-count',
                       '--cfg-options', 'model.model.task.num_answers=2')
    assert code == 1 and 'but the model num_answers=2' in output


@pytest.fixture
def msvd(tmp_path, toy_data_root):
    """All-in-one's MSVD-QA, of which three clips cannot be used."""
    root = tmp_path / 'data' / 'msvd'
    shutil.copytree(toy_data_root / 'msvd', root)
    whole, cut, damaged, lost = sorted((root / 'videos').iterdir())[:4]
    cut.write_bytes(cut.read_bytes()[:-3000])
    lost.unlink()
    # The last frame only, where a random draw of frames seldom looks.
    data, at = bytearray(damaged.read_bytes()), last_packet(damaged)
    data[at + 4:at + 200] = b'\xff' * 196
    damaged.write_bytes(data)
    return root, dict(cut=cut, damaged=damaged, lost=lost, whole=whole)


def last_packet(path):
    import av
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    return packets[-1].pos


def test_deep_names_each_broken_file_once(run, tmp_path, msvd):
    root, files = msvd
    code, output = run('meltr_all_in_one_msvdqa', '--deep', '--any-count')
    assert code == 1
    for kind in ('cut', 'damaged', 'lost'):
        path = f'data/msvd/videos/{files[kind].name}'
        wrong = [line for line in output.splitlines()
                 if 'WRONG' in line and path in line]
        assert len(wrong) == 1, (kind, output)
    assert files['whole'].name not in output
    assert '3 things are wrong' in output
    lines = (root / 'broken_videos.txt').read_text().splitlines()
    names = [line for line in lines if not line.startswith('#')]
    assert sorted(names) == sorted(
        files[kind].stem for kind in ('cut', 'damaged', 'lost'))
    # A second run adds none, and with the list everything is there.
    run('meltr_all_in_one_msvdqa', '--deep', '--any-count')
    assert (root / 'broken_videos.txt').read_text().splitlines() == lines
    excluded = re.search('--cfg-options (.*)', output)[1].split()
    assert excluded == [f'{split}_set.exclude_file=broken_videos.txt'
                        for split in ('train', 'val', 'test')]
    code, output = run('meltr_all_in_one_msvdqa', '--deep', '--any-count',
                       '--cfg-options', *excluded)
    assert code == 0, output


def test_in_processes():
    samples = [dict(number=number) for number in range(20)]

    def attempt(sample):
        if sample['number'] == 7:
            os._exit(3)  # as a decoder that crashes
        return 'odd' if sample['number'] % 2 else ''

    found = list(check.in_processes(attempt, samples, 2))
    assert [sample for sample, _ in found] == samples
    faults = [fault for _, fault in found]
    assert faults[7] == 'the decoder crashes on this file'
    assert faults[:7] + faults[8:] == ['', 'odd'] * 3 + [''] + [
        '', 'odd'] * 6
