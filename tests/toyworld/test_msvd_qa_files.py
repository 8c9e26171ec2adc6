import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import decord
import numpy as np
import pytest
from child_process import environment

from meltr_mm.datasets.data_files import load_video_table
from meltr_mm.toyworld import write_msvd_qa
from meltr_mm.toyworld.world import COLOURS, FRAMES

ROOT = Path(__file__).resolve().parents[2]
TINY = dict(train=3, val=1, test=1)
ANNOTATIONS = ('txt_msvd-qa.json', 'train_qa.json', 'val_qa.json',
               'test_qa.json', 'youtube_mapping.txt', 'msvd_train.jsonl',
               'msvd_val.jsonl', 'msvd_test.jsonl', 'msvd_answer_set.txt',
               'msvd_youtube_mapping.txt')


def digests(root, names=ANNOTATIONS):
    return [
        hashlib.sha256((root / name).read_bytes()).hexdigest()
        for name in names
    ]


def test_files(toy_root):
    assert sorted(os.listdir(toy_root)) == sorted(
        [*ANNOTATIONS, 'img_msvd.pkl', 'msvd_vq.pkl', 'toyworld.json',
         'videos'])
    assert len(os.listdir(toy_root / 'videos')) == 19


def test_violet_form(toy_root):
    content = json.loads((toy_root / 'txt_msvd-qa.json').read_text())
    assert set(content) == {'train', 'val', 'test', 'vocab'}
    for split in ('train', 'val', 'test'):
        for item in content[split]:
            assert set(item) == {'video', 'question', 'answer'}
            assert -1 <= item['answer'] < len(content['vocab'])
            assert (toy_root / 'videos' / f"{item['video']}.mp4").is_file()
            assert len(item['video'].rsplit('_', 2)[0]) == 11


def test_original_form(toy_root):
    lines = (toy_root / 'youtube_mapping.txt').read_text().splitlines()
    names = {key: name for name, key in (line.split() for line in lines)}
    assert list(names) == [f'vid{i}' for i in range(1, 20)]
    ids = []
    for split in ('train', 'val', 'test'):
        for item in json.loads((toy_root / f'{split}_qa.json').read_text()):
            assert isinstance(item['answer'], str)
            assert f"vid{item['video_id']}" in names
            ids.append(item['id'])
    assert ids == list(range(len(ids)))


def test_pickles(toy_root):
    images = load_video_table(str(toy_root / 'img_msvd.pkl'))
    codes = load_video_table(str(toy_root / 'msvd_vq.pkl'))
    assert set(images) == set(codes) and len(codes) == 19
    for name in codes:
        assert len(images[name]) == 2 and isinstance(images[name][0], str)
        assert codes[name].shape == (2, 3, 3)
        assert codes[name].dtype == np.int16


def test_encoding_keeps_colours_and_frames(toy_root):
    content = json.loads((toy_root / 'txt_msvd-qa.json').read_text())
    vocab = content['vocab']
    for item in content['train']:
        colour = COLOURS.get(vocab[item['answer']])
        if colour is None:
            continue
        path = str(toy_root / 'videos' / f"{item['video']}.mp4")
        reader = decord.VideoReader(path)
        assert len(reader) == FRAMES
        frame = reader[12].asnumpy().astype(int)
        near = np.abs(frame - colour).max(-1) < 30
        assert near.sum() > 60


def test_same_seed_same_annotations(tmp_path):
    for name in ('a', 'b'):
        assert write_msvd_qa(str(tmp_path / name), seed=3, sizes=TINY)
    assert digests(tmp_path / 'a') == digests(tmp_path / 'b')
    assert digests(tmp_path / 'a', ['msvd_vq.pkl']) == digests(
        tmp_path / 'b', ['msvd_vq.pkl'])
    assert write_msvd_qa(str(tmp_path / 'c'), seed=4, sizes=TINY)
    assert digests(tmp_path / 'a') != digests(tmp_path / 'c')


def test_second_call_reuses(tmp_path):
    root = tmp_path / 'toy'
    assert write_msvd_qa(str(root), sizes=TINY)
    assert not write_msvd_qa(str(root), sizes=TINY)
    with pytest.raises(FileExistsError, match='Delete the folder, or choose'):
        write_msvd_qa(str(root), sizes=TINY, seed=1)


def test_interrupted_call_leaves_nothing_and_is_repeated(tmp_path):

    def interrupt(clips):
        yield clips[0]
        raise KeyboardInterrupt

    root = tmp_path / 'toy'
    with pytest.raises(KeyboardInterrupt):
        write_msvd_qa(str(root), sizes=TINY, progress=interrupt)
    assert not root.exists()
    assert write_msvd_qa(str(root), sizes=TINY)
    assert os.listdir(tmp_path) == ['toy']


def test_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / 'mine.txt').touch()
    with pytest.raises(FileExistsError, match='not written by this tool'):
        write_msvd_qa(str(tmp_path), sizes=TINY)
    assert os.listdir(tmp_path) == ['mine.txt']


def test_command(tmp_path):
    command = [
        sys.executable, 'tools/data/make_toyworld.py', '--out',
        str(tmp_path), '--clips', '2', '1', '1'
    ]
    env = environment(ROOT)
    run = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True,
        check=True)
    assert '4/4' in run.stderr and 'written in' in run.stdout
    assert (tmp_path / 'msvd_qa' / 'txt_msvd-qa.json').is_file()
