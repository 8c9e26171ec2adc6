"""Datasets and transforms of UniVL against the official loaders' output."""
import csv
import json
import pickle
import random
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS
from univl_files import write_tokenizer

from meltr_mm.datasets.transforms.tokenizing import load_tokenizer

sys.path.insert(
    0, str(Path(__file__).resolve().parents[2] / 'tools' / 'convert'))
from parity_checks import univl  # noqa: E402
from zip_equal import zip_equal

# Ours -> the loaders' names.
FIELDS = dict(univl.FIELDS, text_ids='pairs_text', text_mask='pairs_mask')


@pytest.fixture(scope='module')
def extra(load_fixture):
    return load_fixture('univl_extra.pt')


@pytest.fixture(scope='module')
def root(extra, tmp_path_factory):
    root = tmp_path_factory.mktemp('univl')
    write_tokenizer(root / 'tokenizer', extra['tokenizer']['vocab'])
    youcook, msrvtt = extra['youcook'], extra['msrvtt']
    write_csv(root / 'youcook.csv', ['video_id', 'feature_file'],
              [[video, video] for video in youcook['csv_rows']])
    dump(root / 'youcook_data.pickle', youcook['data'])
    dump(root / 'youcook_features.pickle', arrays(youcook['features']))
    write_csv(root / 'train.csv', ['video_id'],
              [[video] for video in msrvtt['train_csv']])
    write_csv(root / 'test.csv', ['video_id', 'sentence'],
              msrvtt['test_csv'])
    dump(root / 'msrvtt_features.pickle', arrays(msrvtt['features']))
    for name, transcripts in (('msrvtt', True), ('no_transcript', False)):
        videos = []
        for i in range(msrvtt['n_videos']):
            video = dict(video_id=f'video{i}')
            if transcripts:
                video['transcript'] = msrvtt['transcripts'].get(
                    video['video_id'], msrvtt['default_transcript'])
            videos.append(video)
        sentences = [dict(video_id=video, caption=caption)
                     for video, caption in msrvtt['sentences']]
        (root / f'{name}.json').write_text(
            json.dumps(dict(videos=videos, sentences=sentences)))
    return root


def write_csv(path, header, rows):
    with path.open('w', newline='') as file:
        csv.writer(file).writerows([header, *rows])


def dump(path, content):
    path.write_bytes(pickle.dumps(content))


def arrays(features):
    return {name: value.numpy() for name, value in features.items()}


def build(root, kind, entry, repeat_from, **kwargs):
    tokenizer = str(root / 'tokenizer')
    W = entry['max_words']
    pipeline = [
        dict(type='TokenizeText', tokenizer=tokenizer, max_length=W,
             key='text'),
        dict(type='LoadVideoFeatures',
             feature_file=str(root / f'{kind}_features.pickle'),
             max_frames=entry['max_frames'], feature_dim=6),
        dict(type='MaskWords', tokenizer=tokenizer, probability=entry['p'],
             repeat_from=repeat_from),
        dict(type='MaskFrames', probability=entry['p'],
             repeat=repeat_from is not None),
        dict(type='TokenizeCaption', tokenizer=tokenizer, max_length=W),
        dict(type='PackActionInputs',
             algorithm_keys=(*FIELDS, 'sentiment'),
             meta_keys=('video_id', 'clip', 'references')),
    ]
    return DATASETS.build(dict(
        dict(data_root=str(root), pipeline=pipeline), **kwargs))


def check(dataset, expected):
    assert len(dataset) == len(expected)
    for i, arrays in enumerate(expected):
        random.seed(arrays['python_seed'])
        packed = dataset[i]
        torch.testing.assert_close(packed['inputs'],
                                   arrays['video'][0].float())
        for ours, theirs in FIELDS.items():
            if theirs in arrays:
                torch.testing.assert_close(
                    packed['data_samples'].get(ours), arrays[theirs][0])
        if 'masked_video' in arrays:
            # Ours are hidden inside the model.
            hidden = packed['data_samples'].mfm_labels != -1
            torch.testing.assert_close(
                packed['inputs'].masked_fill(hidden[:, None], 0),
                arrays['masked_video'][0].float())


@pytest.mark.parametrize('name, encoder_text, repeat_from', [
    ('train_retrieval', 'caption', 1),
    ('train_caption', 'transcript', 1),
    ('test_retrieval', 'caption', None),
    ('test_caption', 'transcript', None),
])
def test_youcook2(root, extra, name, encoder_text, repeat_from):
    entry = extra['youcook']
    dataset = build(root, 'youcook', entry, repeat_from,
                    type='YouCook2Dataset', ann_file='youcook.csv',
                    data_file='youcook_data.pickle',
                    encoder_text=encoder_text)
    check(dataset, entry[name])
    samples = [dataset[i]['data_samples'] for i in range(len(dataset))]
    assert [[s.video_id, s.clip] for s in samples] == entry[f'{name}_index']
    assert dataset.num_videos == dataset.num_texts == 6
    assert samples[3].references == [entry['data']['v1']['text'][1]]


@pytest.mark.parametrize('name, ann_file, options, repeat_from', [
    ('train_9k', 'msrvtt.json',
     dict(split='train_9k', csv_file='train.csv'), 2),
    ('train_7k', 'msrvtt.json', dict(split='train_7k'), 2),
    ('train_full_caption', 'msrvtt.json',
     dict(split='train_7k', encoder_text='transcript'), 2),
    ('train_full_caption_notranscript', 'no_transcript.json',
     dict(split='train_7k', encoder_text='transcript'), 2),
    ('test_1k', 'msrvtt.json',
     dict(split='test_1k', csv_file='test.csv'), None),
])
def test_msrvtt(root, extra, name, ann_file, options, repeat_from):
    entry = extra['msrvtt']
    dataset = build(root, 'msrvtt', entry, repeat_from,
                    type='MSRVTTFeatureDataset', ann_file=ann_file,
                    **options)
    check(dataset, entry[name])
    captions = [dataset.get_data_info(i)['caption']
                for i in range(len(dataset))]
    column = 0 if name == 'test_1k' else 1
    assert captions == [row[column] for row in entry[f'{name}_index']]


@pytest.mark.parametrize('references, expected', [
    ('all', [['a man is playing guitar', 'man sing'], ['dog'],
             ['the dog runs in the pan', 'a dog']]),
    ('first', [['a man is playing guitar'], ['dog'],
               ['the dog runs in the pan']]),
])
def test_msrvtt_full(root, extra, references, expected):
    entry = extra['msrvtt']
    dataset = build(root, 'msrvtt', entry, None,
                    type='MSRVTTFeatureDataset', ann_file='msrvtt.json',
                    split='test_full', encoder_text='transcript',
                    references=references)
    # The official test set of this split hides nothing.
    hidden = ('pairs_masked_text', 'pairs_token_labels',
              'video_labels_index', 'masked_video')
    check(dataset, [{name: value for name, value in sample.items()
                     if name not in hidden}
                    for sample in entry['test_full_caption']])
    assert [dataset[i]['data_samples'].references
            for i in range(3)] == expected


def test_tokenizer(root, extra):
    tokenizer = load_tokenizer(str(root / 'tokenizer'))
    for text, tokens, ids in zip_equal(
            *(extra['tokenizer'][key]
              for key in ('strings', 'tokens', 'ids'))):
        assert tokenizer.tokenize(text) == tokens
        assert tokenizer(text, add_special_tokens=False)['input_ids'] == ids
