"""Tiny data sets in the files that UniVL's configs read, 1024 wide."""
import json
import pickle
from pathlib import Path

import numpy as np

DIM = 1024
TEXTS = ['add the salt', 'stir the soup', 'cut an onion', 'heat the oil']


def write(name, root):
    """Write the files of a data set and return their folder."""
    root = Path(root) / name
    root.mkdir(parents=True)
    dict(youcook2=_youcook2, msrvtt=_msrvtt, cmu_mosi=_cmu_mosi)[name](root)
    return root


def write_tokenizer(folder, tokens):
    """A BERT tokenizer of these tokens, in a form that all releases read."""
    folder.mkdir()
    (folder / 'vocab.txt').write_text('\n'.join(tokens) + '\n')
    (folder / 'tokenizer_config.json').write_text(
        '{"tokenizer_class": "BertTokenizer"}')


def dump(path, content):
    path.write_bytes(pickle.dumps(content))


def write_features(path, names, seconds=12, dim=DIM):
    """Random features of some videos."""
    rng = np.random.default_rng(0)
    dump(path, {name: rng.normal(size=(seconds, dim)).astype(np.float32)
                for name in names})


def _youcook2(root):
    names = ['a', 'b']
    clips = dict(start=np.array([0, 5]), end=np.array([4, 9]),
                 text=np.array(TEXTS[:2], object),
                 transcript=np.array(['NONE', 'NONE'], object))
    dump(root / 'youcookii_data.no_transcript.pickle',
         dict.fromkeys(names, clips))
    for split, name in zip(('train', 'val'), names):
        (root / f'youcookii_{split}.csv').write_text(
            f'video_id,feature_file\n{name},{name}\n')
    write_features(root / 'youcookii_videos_features.pickle', names)


def _msrvtt(root):
    # The videos from 7010 on are the test split.
    videos = [dict(video_id=f'video{i}') for i in range(7012)]
    shown = ['video0', 'video1', 'video7010', 'video7011']
    (root / 'MSRVTT_data.json').write_text(json.dumps(dict(
        videos=videos,
        sentences=[dict(video_id=name, caption=text)
                   for name, text in zip(shown, TEXTS)])))
    (root / 'MSRVTT_train.9k.csv').write_text('video_id\nvideo0\nvideo1\n')
    (root / 'MSRVTT_JSFUSION_test.csv').write_text(
        'video_id,sentence\nvideo7010,cut an onion\nvideo7011,heat oil\n')
    write_features(root / 'msrvtt_videos_features.pickle', shown)


def _cmu_mosi(root):
    table, names = {}, []
    for split in ('train', 'valid', 'test'):
        ids = [f'{split}$_${i}' for i in range(2)]
        table[split] = dict(
            id=ids, raw_text=np.array(['GOOD FILM', 'BAD FILM'], object),
            regression_labels=np.array([2.4, -1.2], np.float32))
        names += ids
    dump(root / 'unaligned_50.pkl', table)
    write_features(root / 'mosi_s3d_features.pickle', names)
