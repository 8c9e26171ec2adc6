"""Frames, codes and features of a folder of videos."""
import base64
import io
import json
import os
import pickle
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from meltr_mm.datasets.data_files import load_video_table
from meltr_mm.datasets.video_tables import load_feature_table
from meltr_mm.models.univl.s3dg import S3DG

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'data'))
sys.path.insert(0, str(ROOT / 'tests' / 'datasets'))

import extract_frames  # noqa: E402
import extract_s3d  # noqa: E402
import extract_vq  # noqa: E402
from extraction import (  # noqa: E402
    ExtractionError,
    Partial,
    extract,
    run,
    videos_in,
    write_pickle,
)
from odd_clips import number_in, write_clip  # noqa: E402


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Four good clips of several kinds."""
    folder = tmp_path_factory.mktemp('clips')
    (folder / 'more').mkdir()
    write_clip(folder / 'b.mp4', numbers=range(12))
    write_clip(folder / 'a.AVI', 'mpeg4', numbers=range(6), container='avi')
    write_clip(folder / 'more' / 'ç.gif', 'gif', numbers=range(31),
               pix_fmt='rgb8')
    write_clip(folder / 'no_ending', 'libvpx-vp9', numbers=range(3),
               container='webm')
    (folder / 'notes.txt').write_text('no video')
    (folder / '.DS_Store').write_bytes(b'\0')
    return folder


def call(module, monkeypatch, *argv):
    monkeypatch.setattr(sys, 'argv', [module.__name__, *map(str, argv)])
    module.main()


def settings(**changed):
    return Namespace(**{**dict(workers=0, shard=(1, 1), keep_going=False),
                        **changed})


# ------------------------------------------------------------ the machinery


def test_videos_by_name(folder, tmp_path, capsys):
    assert list(videos_in(str(folder))) == ['a', 'b', 'no_ending', 'ç']
    assert '1 files are no videos by their endings' in capsys.readouterr().err
    (tmp_path / 'a.mp4').touch()
    (tmp_path / 'x').mkdir()
    (tmp_path / 'x' / 'a.avi').touch()
    with pytest.raises(ExtractionError, match="would have one name, 'a'"):
        videos_in(str(tmp_path))
    with pytest.raises(ExtractionError, match='there is no video'):
        videos_in(str(tmp_path / 'gone'))


NAMES = ['', '.a', 'b/c', 'd%2F', 'é', *map(str, range(8))]


def pieces_of(name):
    """Three pieces of different lengths, of numbers of the name."""
    if name == 'broken':
        yield np.full((2, 3), 1)
        raise ValueError('broken: the file is cut off')
    seed = sum(name.encode())
    for length in (2, 1, 4):
        yield np.arange(length * 3).reshape(length, 3) + seed


def rows_of(name):
    return np.concatenate(list(pieces_of(name))).sum(1)


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('batch_size', [1, 5, 1000])
def test_rows_come_back_to_their_videos(tmp_path, workers, batch_size):
    sizes = []

    def encode(batch):
        sizes.append(len(batch))
        return batch.sum(1)

    output = str(tmp_path / 'x.pkl')
    extract(output, NAMES, pieces_of, write_pickle, {},
            settings(workers=workers), encode, batch_size)
    table = load_video_table(output)
    assert sorted(table) == sorted(NAMES)
    for name in NAMES:
        assert np.array_equal(table[name], rows_of(name))
    assert max(sizes) <= batch_size
    assert not os.path.exists(f'{output}.partial')


def test_an_interrupted_run_goes_on(tmp_path):
    output, calls = str(tmp_path / 'x.pkl'), []

    def encode(batch):
        if len(calls) == 4:
            raise KeyboardInterrupt
        calls.append(len(batch))
        return batch.sum(1)

    with pytest.raises(KeyboardInterrupt):
        extract(output, NAMES, pieces_of, write_pickle, {}, settings(),
                encode, 7)
    assert not os.path.exists(output)
    calls.clear()
    calls += [0] * 100
    extract(output, NAMES, pieces_of, write_pickle, {}, settings(),
            encode, 7)
    assert len(calls) == 100 + len(NAMES) - 4
    table = load_video_table(output)
    assert all(np.array_equal(table[name], rows_of(name)) for name in NAMES)


def test_shards_make_one_file(tmp_path, capsys):
    output = str(tmp_path / 'x.pkl')
    for part in (3, 1, 2):
        extract(output, NAMES, pieces_of, write_pickle, {},
                settings(shard=(part, 3)))
        assert os.path.exists(output) == (part == 2)
    assert 'Run the other shards' in capsys.readouterr().out
    assert sorted(load_video_table(output)) == sorted(NAMES)


def test_a_broken_video_ends_the_run_or_is_listed(tmp_path, capsys):
    output = str(tmp_path / 'x.pkl')
    names = [*NAMES[:5], 'broken', *NAMES[5:]]
    with pytest.raises(ExtractionError, match='broken: the file is cut off.*'
                       '--keep-going'):
        extract(output, names, pieces_of, write_pickle, {}, settings())
    with pytest.raises(SystemExit, match=f'1 of {len(names)} videos could not'
                       ' be read and are left out'):
        extract(output, names, pieces_of, write_pickle, {},
                settings(keep_going=True))
    assert 'FAILED broken: the file is cut off' in capsys.readouterr().err
    assert sorted(load_video_table(output)) == sorted(NAMES)
    assert Path(f'{output}.failed.txt').read_text() == 'broken\n'
    os.remove(output)
    extract(output, NAMES, pieces_of, write_pickle, {}, settings())
    assert not os.path.exists(f'{output}.failed.txt')


def test_nothing_is_mixed_up(tmp_path):
    output = str(tmp_path / 'x.pkl')
    Partial(output, dict(frames=5))
    with pytest.raises(ExtractionError, match='"frames": 5.*Delete'):
        extract(output, NAMES, pieces_of, write_pickle, dict(frames=4),
                settings())
    Path(output).touch()
    with pytest.raises(ExtractionError, match='is there already'):
        extract(output, NAMES, pieces_of, write_pickle, {}, settings())
    with pytest.raises(ExtractionError, match='none of the 1 videos'):
        extract(str(tmp_path / 'y.pkl'), ['broken'], pieces_of, write_pickle,
                {}, settings(keep_going=True))


@pytest.mark.parametrize('shard', ['0/2', '3/2', '1', 'x/y', '1/0'])
def test_shards_that_are_none(shard, folder, tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        call(extract_frames, monkeypatch, folder, tmp_path / 'x.pkl',
             '--shard', shard)
    assert 'must be I/N with 1 <= I <= N' in capsys.readouterr().err


# ---------------------------------------------------------------- the tools


def test_frames(folder, tmp_path, monkeypatch):
    output = tmp_path / 'img.pkl'
    call(extract_frames, monkeypatch, folder, output, '--workers', '2')
    table = pickle.loads(output.read_bytes())
    assert sorted(table) == ['a', 'b', 'no_ending', 'ç']
    for name, count in (('a', 6), ('b', 12), ('no_ending', 3), ('ç', 31)):
        assert all(isinstance(frame, str) for frame in table[name])
        images = [np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))))
                  for frame in table[name]]
        assert images[0].shape == (64, 96, 3)
        assert [number_in(image) for image in images] == [
            int(count / 6 * (i + 1)) for i in range(5)]


def test_codes_of_a_folder_are_those_of_its_pickle(folder, tmp_path,
                                                   monkeypatch):
    call(extract_frames, monkeypatch, folder, tmp_path / 'img.pkl',
         '--workers', '0', '--frames', '3')
    for source, output in ((tmp_path / 'img.pkl', 'one.pkl'),
                           (folder, 'two.pkl'), (folder, 'three.npy')):
        call(extract_vq, monkeypatch, source, tmp_path / output,
             '--stand-in', '--size', '96', '--workers', '0', '--frames', '3',
             '--batch-size', '2')
    one, two = (load_video_table(str(tmp_path / name))
                for name in ('one.pkl', 'two.pkl'))
    three = np.load(tmp_path / 'three.npy')
    names = json.loads((tmp_path / 'three.json').read_text())
    assert sorted(one) == sorted(two) == names
    for row, name in enumerate(names):
        assert one[name].shape == (3, 3, 3) and one[name].dtype == np.int16
        assert np.array_equal(one[name], two[name])
        assert np.array_equal(one[name], three[row])


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('weights') / 's3d_howto100m.pth'
    torch.save({**S3DG().state_dict(), 'fc.weight': torch.zeros(2, 1024)},
               path)
    return path


def test_features(folder, tmp_path, monkeypatch, weights):
    videos = tmp_path / 'videos'
    videos.mkdir()
    write_clip(videos / 'short.mp4', numbers=range(12))
    write_clip(videos / 'long.mkv', numbers=range(26))
    call(extract_s3d, monkeypatch, videos, tmp_path / 'f.npy', '--weights',
         weights, '--workers', '1', '--device', 'cpu')
    (videos / 'long.mkv').unlink()
    call(extract_s3d, monkeypatch, videos, tmp_path / 'f.pickle',
         '--weights', weights, '--workers', '0', '--device', 'cpu')
    table = load_feature_table(str(tmp_path / 'f.npy'))
    pickled = load_feature_table(str(tmp_path / 'f.pickle'))
    assert list(pickled) == ['short']
    assert np.allclose(pickled['short'], table['short'], atol=1e-3)
    assert table['short'].shape == (1, 1024)
    assert table['long'].shape == (2, 1024)
    for name in ('short', 'long'):
        assert table[name].dtype == np.float16
        assert np.allclose(
            np.linalg.norm(table[name].astype(float), axis=1), 1, atol=1e-2)
    model = S3DG()
    content = torch.load(weights, weights_only=True)
    del content['fc.weight']
    model.load_state_dict(content)
    reader = extract_s3d.VideoReader(videos / 'short.mp4')
    (clips, ) = extract_s3d.s3d_clips(reader)
    with torch.no_grad():
        features = model.eval()(
            torch.from_numpy(clips).permute(0, 4, 1, 2, 3) / 255)
    expected = torch.nn.functional.normalize(features)[0]
    assert np.allclose(table['short'][0], expected, atol=1e-3)


def test_what_goes_wrong_is_one_line(tmp_path, monkeypatch, capsys):
    bad = tmp_path / 'videos'
    bad.mkdir()
    write_clip(bad / 'good.mp4', numbers=range(5))
    (bad / 'page.mp4').write_text('<html>quota exceeded</html>')
    output = tmp_path / 'img.pkl'

    def stop(*argv):
        monkeypatch.setattr(sys, 'argv', ['tools/data/x.py', str(bad),
                                          *map(str, argv)])
        with pytest.raises(SystemExit) as end:
            run(extract_frames.main)
        return end.value.code

    assert stop(output, '--workers', '2').startswith(
        f'x.py: {bad}/page.mp4: must be a video, but is a text that begins '
        "with '<html>quota exceeded</html>'")
    assert stop(output, '--workers', '0', '--keep-going') == (
        f'1 of 2 videos could not be read and are left out; {output}'
        '.failed.txt names them')
    assert sorted(os.listdir(tmp_path)) == [
        'img.pkl', 'img.pkl.failed.txt', 'videos']

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit):
        run(interrupt)
    assert 'The same command goes on' in capsys.readouterr().err
