"""What is written for UniVL, read by the readers of the real data sets."""
import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from child_process import environment
from mmaction.registry import DATASETS
from zip_equal import zip_equal

from meltr_mm.toyworld import (
    feature_data_sets,
    write_cmu_mosi,
    write_msrvtt_feature,
    write_youcook2,
)
from meltr_mm.toyworld.feature_data_sets import direction, things_in
from meltr_mm.toyworld.language import WORDS, expressions, narrate, opine
from meltr_mm.toyworld.world import COLOURS, SHAPES, imagine_clips

ROOT = Path(__file__).resolve().parents[2]
TINY = dict(train=12, val=3, test=4)
WRITERS = (write_youcook2, write_msrvtt_feature, write_cmu_mosi)
# So many channels that two directions are nearly orthogonal.
WIDE = 1024


def digests(root):
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in root.iterdir()
    }


@pytest.mark.parametrize('write', WRITERS, ids=lambda write: write.name)
def test_same_seed_same_bytes(write, tmp_path):
    for name, seed in dict(a=3, b=3, c=4).items():
        assert write(str(tmp_path / name), seed=seed, sizes=TINY)
    first, second, other = (digests(tmp_path / name) for name in 'abc')
    assert first == second
    # Which videos there are is the seed's choice too, but for MSRVTT's
    # numbers.
    equal = {name for name in first if first[name] == other[name]}
    assert equal <= {'MSRVTT_train.9k.csv'}
    assert not write(str(tmp_path / 'a'), seed=3, sizes=TINY)
    with pytest.raises(FileExistsError, match='Delete the folder, or choose'):
        write(str(tmp_path / 'a'), seed=3, sizes=TINY, feature_dim=8)
    with pytest.raises(TypeError, match=r"among \['feature_dim'\], but got"):
        write(str(tmp_path / 'd'), sizes=TINY, frames=2)


@pytest.fixture
def faint_noise(monkeypatch):
    monkeypatch.setattr(feature_data_sets, 'NOISE', 0.05)


def features_of(root, file, number=None):
    table = pickle.loads((root / file).read_bytes())
    assert {video.shape[1] for video in table.values()} == {WIDE}
    assert number in (None, len(table))
    return table


def coloured_shapes(vectors):
    """Which of them are to be seen in a clip, (T, D)."""
    mean = vectors.mean(axis=0)
    return {
        f'{colour} {shape}' for colour in COLOURS for shape in SHAPES
        if mean @ direction(f'{colour} {shape}', WIDE) > 0.25
    }


def named(caption):
    words = caption.split()
    pairs = zip_equal(words[:-1], words[1:])
    return {f'{one} {other}' for one, other in pairs if one in COLOURS}


def test_youcook2(tmp_path, faint_noise):
    write_youcook2(str(tmp_path), sizes=TINY, feature_dim=WIDE)
    features = features_of(tmp_path, 'youcookii_videos_features.pickle', 5)
    scenes = imagine_clips(0, TINY)
    for split, number in TINY.items():
        dataset = DATASETS.build(dict(
            type='YouCook2Dataset', data_root=str(tmp_path),
            ann_file=f'youcookii_{split}.csv',
            data_file='youcookii_data.transcript.pickle',
            encoder_text='transcript', pipeline=[]))
        assert len(dataset) == number
        for info, clip in zip_equal(dataset, scenes[split]):
            video = features[info['feature_id']]
            start, end = int(info['start']), int(info['end'])
            assert coloured_shapes(video[start:end + 1]) == named(
                info['caption'])
            # Both ends belong to the clip, what is beside does not.
            scene = sum(weight * direction(name, WIDE) for name, weight
                        in things_in(clip.scene).items())
            scene /= scene @ scene
            assert video[[start, end]].mean(0) @ scene > 0.5
            beside = [t for t in (start - 1, end + 1) if t < len(video)]
            assert video[beside].mean(0) @ scene < 0.5
            assert info['text'] != info['caption']


def msrvtt(root, split, **kwargs):
    return DATASETS.build(dict(
        type='MSRVTTFeatureDataset', data_root=str(root),
        ann_file='MSRVTT_data.json', split=split, pipeline=[], **kwargs))


def test_msrvtt(tmp_path, faint_noise):
    write_msrvtt_feature(str(tmp_path), sizes=TINY, feature_dim=WIDE)
    features = features_of(tmp_path, 'msrvtt_videos_features.pickle', 19)
    parts = {
        '7k': msrvtt(tmp_path, 'train_7k'),
        '9k': msrvtt(tmp_path, 'train_9k', csv_file='MSRVTT_train.9k.csv'),
        'val': msrvtt(tmp_path, 'test_1k', csv_file='MSRVTT_val.csv'),
        'test': msrvtt(
            tmp_path, 'test_1k', csv_file='MSRVTT_JSFUSION_test.csv'),
        'full': msrvtt(tmp_path, 'test_full'),
    }
    # Seven ninths of 12 are 9; the other three are in the full test split.
    assert {name: len(part) for name, part in parts.items()} == {
        '7k': 3 * 9, '9k': 3 * 12, 'val': 3, 'test': 4, 'full': 3 + 4}
    videos = {name: {info['video_id'] for info in part}
              for name, part in parts.items()}
    assert videos['7k'] < videos['9k']
    assert videos['full'] == videos['9k'] - videos['7k'] | videos['test']
    assert not videos['9k'] & (videos['val'] | videos['test'])
    assert not videos['7k'] & videos['full']
    assert all(len(info['references']) == 3 for info in parts['full'])
    for part in parts.values():
        for info in part:
            assert coloured_shapes(features[info['feature_id']]) == named(
                info['caption'])


def test_msrvtt_transcripts(tmp_path):
    write_msrvtt_feature(
        str(tmp_path), sizes=dict(train=180, val=10, test=10), feature_dim=1)
    texts = [info['text'] for info in msrvtt(
        tmp_path, 'test_full', encoder_text='transcript')]
    # 40 and 10 videos, two of five with speech.
    assert len(texts) == 50 and 10 <= sum(map(bool, texts)) <= 30


def test_too_many_msrvtt_clips(tmp_path):
    with pytest.raises(ValueError, match='at most 7010 together'):
        write_msrvtt_feature(
            str(tmp_path / 'toy'), sizes=dict(train=9000, val=11, test=1))
    assert os.listdir(tmp_path) == []


def test_cmu_mosi(tmp_path, faint_noise):
    sizes = dict(train=40, val=3, test=4)
    write_cmu_mosi(str(tmp_path), sizes=sizes, feature_dim=WIDE)
    features = features_of(tmp_path, 'mosi_s3d_features.pickle', 47)
    level_of = {word: level for level, words in WORDS.items()
                for word in words}
    faces, seen = [], []
    for split, number in dict(train=40, valid=3, test=4).items():
        dataset = DATASETS.build(dict(
            type='CMUMOSIDataset', data_root=str(tmp_path),
            ann_file='unaligned_50.pkl', split=split, pipeline=[]))
        assert len(dataset) == number
        for info in dataset:
            words = [level_of[word] for word in info['text'].split()
                     if word in level_of]
            # The face counts twice.
            face = (3 * info['sentiment'].item() - words[0]) / 2
            assert len(words) == 1 and face == pytest.approx(round(face))
            assert round(face) in WORDS
            faces.append(face)
            video = features[info['feature_id']]
            assert named(info['text']) <= coloured_shapes(video)
            seen.append(video.mean(0) @ (
                direction('smile', WIDE) - direction('frown', WIDE)))
    assert np.corrcoef(faces, seen)[0, 1] > 0.9


def test_mosi_labels(toy_feature_root):
    table = pickle.loads(
        (toy_feature_root / 'cmu_mosi' / 'unaligned_50.pkl').read_bytes())
    part = table['train']
    assert part['id'][:2] == [part['id'][0], part['id'][0][:-1] + '2']
    assert part['id'][0][11:] == '$_$1'
    for rating, label, name in zip_equal(
            part['regression_labels'], part['classification_labels'],
            part['annotations']):
        assert label == 1 + (rating > 0) - (rating < 0)
        assert name == ('Negative', 'Neutral', 'Positive')[label]


@pytest.fixture(scope='module')
def scene():
    return imagine_clips(0, dict(train=1, val=0, test=0))['train'][0].scene


def test_words_and_face_partly_disagree(scene):
    rng = np.random.default_rng(0)
    opinions = [opine(scene, rng) for _ in range(600)]
    agree = np.mean([one.words == one.face for one in opinions])
    # Half, and a sixth of the other half by chance.
    assert agree == pytest.approx(7 / 12, abs=0.06)
    one_sign = np.mean([one.rating * one.words > 0 for one in opinions])
    assert 0.7 < one_sign < 0.85


@pytest.mark.parametrize('face, expected', [
    (3, [{}, {}, {'smile': 1.5}, {'smile': 1.5}]),
    (-2, [{}, {}, {'frown': 1.0}, {'frown': 1.0}]),
])
def test_a_face_shows_in_half_of_the_seconds(face, expected):
    shown = expressions(face, 4, np.random.default_rng(0))
    assert sorted(shown, key=len) == expected


def test_transcripts_give_a_part_away(scene):
    rng = np.random.default_rng(0)
    actor = scene.actors[0]
    facts = (actor.colour, actor.shape, actor.deed[:4])
    for _ in range(50):
        text = narrate(scene, rng)
        assert 1 <= sum(fact in text for fact in facts) <= 2


def test_command(tmp_path):
    command = [
        sys.executable, 'tools/data/make_toyworld.py', '--out',
        str(tmp_path), '--clips', '2', '1', '1', '--feature-dim', '5',
        '--data', 'youcook2', 'cmu_mosi'
    ]
    env = environment(ROOT)
    run = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True,
        check=True)
    assert run.stdout.count('written in') == 2
    assert sorted(os.listdir(tmp_path)) == ['cmu_mosi', 'youcook2']
    table = pickle.loads((
        tmp_path / 'cmu_mosi' / 'mosi_s3d_features.pickle').read_bytes())
    assert [video.shape[1] for video in table.values()] == [5] * 4
