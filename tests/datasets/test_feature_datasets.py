"""Bad files of the data sets that come as features: one clear error each."""
import json
import pickle
import subprocess

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, TRANSFORMS

from meltr_mm.datasets.data_files import ForeignClassError

NAN = float('nan')


def dump(path, content):
    path.write_bytes(pickle.dumps(content))
    return str(path)


def clips(**changes):
    return dict(
        dict(start=[0, 2], end=[1, 4], text=['a b', 'c'],
             transcript=['NONE', 'NONE']), **changes)


@pytest.fixture
def youcook(tmp_path):
    (tmp_path / 'list.csv').write_text('video_id,feature_file\nv,f\n')

    def build(table=None, **kwargs):
        dump(tmp_path / 'data.pickle', dict(v=clips()) if table is None
             else table)
        return DATASETS.build(
            dict(dict(type='YouCook2Dataset', data_root=str(tmp_path),
                 ann_file='list.csv', data_file='data.pickle',
                 pipeline=[]), **kwargs))

    return build


def test_youcook2(youcook):
    dataset = youcook(encoder_text='transcript')
    info = dataset.get_data_info(1)
    info.pop('sample_idx')
    assert info == dict(video_id='v', feature_id='f', clip=1, start=2.,
                        end=4., text='NONE', caption='c', references=['c'],
                        video_index=1)


@pytest.mark.parametrize('table, message', [
    (dict(w=clips()), "no annotations of the video 'v' of .*list.csv"),
    (dict(v=clips(text=['a'])), "'v': the lists must be equally long"),
    (dict(v=clips(text=['a', ' '])), "'v', clip 1, `text`: must be a text"),
    (dict(v=clips(start=[0, 5])), 'clip 1: must start .* from 5.0 to 4.0'),
    (dict(v=clips(end=[NAN, 5])),
     'clip 0, `end`: must be a finite number, but is nan'),
    (dict(v=dict(start=[])), "'v': the key 'end' is missing"),
    (dict(v=[1]), r"'v': must be a dict, but is \[1\]"),
    ([1], 'must hold a dict'),
])
def test_bad_youcook2(youcook, table, message):
    with pytest.raises(ValueError, match=f'data.pickle.*{message}'):
        youcook(table)


@pytest.mark.parametrize('content, message', [
    ('video_id\nv\n', r"\['feature_file'\] are not among \['video_id'\]"),
    ('video_id,feature_file\nv,\n', 'line 2, `feature_file`: must be a'),
    ('video_id,feature_file\nv\n', 'line 2: must have the 2 columns'),
    ('video_id,feature_file\n', 'no row below the first line'),
    ('', r"\['video_id', 'feature_file'\] are not among"),
])
def test_bad_list(youcook, tmp_path, content, message):
    (tmp_path / 'list.csv').write_text(content)
    with pytest.raises(ValueError, match=f'list.csv.*{message}'):
        youcook()


def test_youcook2_files(youcook, tmp_path):
    with pytest.raises(FileNotFoundError, match='no such annotation file'):
        youcook(ann_file='lost.csv')
    with pytest.raises(FileNotFoundError, match='no such pickle file'):
        youcook(data_file='lost.pickle')
    with pytest.raises(ForeignClassError, match='asks for subprocess.run'):
        youcook(dict(v=clips(text=subprocess.run)))
    with pytest.raises(ValueError, match='one of.*transcript.*subtitles'):
        youcook(encoder_text='subtitles')
    whole = (tmp_path / 'data.pickle').read_bytes()
    (tmp_path / 'half.pickle').write_bytes(whole[:20])
    with pytest.raises(ValueError, match='half.pickle: .*truncated'):
        youcook(data_file='half.pickle')


@pytest.fixture
def msrvtt(tmp_path):
    (tmp_path / 'list.csv').write_text('video_id,sentence\nvideo1,a cat\n')

    def build(split='train_7k', videos=None, sentences=None, **kwargs):
        content = dict(
            videos=[dict(video_id='video1')] if videos is None else videos,
            sentences=[dict(video_id='video1', caption='a dog')]
            if sentences is None else sentences)
        (tmp_path / 'data.json').write_text(json.dumps(content))
        return DATASETS.build(
            dict(dict(type='MSRVTTFeatureDataset', data_root=str(tmp_path),
                 ann_file='data.json', split=split, pipeline=[]), **kwargs))

    return build


@pytest.mark.parametrize('kwargs, message', [
    (dict(split='test'), "split must be one of.*'test_full'"),
    (dict(split='test_1k'), "split 'test_1k' is a csv file; set `csv_file`"),
    (dict(references='one'), 'references must be one of'),
    (dict(samples='clips'), 'samples must be one of'),
    (dict(split='test_full', samples='videos'), "from the split 'test_full'"),
    (dict(videos=[dict()]), "data.json, `videos` row 0: the key 'video_id'"),
    (dict(sentences=[dict(video_id='video1')]),
     "`sentences` row 0: the key 'caption'"),
    (dict(sentences=[dict(video_id='video1', caption='')]),
     '`sentences` row 0, `caption`: must be a text'),
    (dict(split='test_full'),
     "data.json: split='test_full' needs .* for testing"),
    (dict(split='test_full',
          videos=[dict(video_id=f'video{i}') for i in range(7012)]),
     r"each of the 2 test videos .*\['video7010', 'video7011'\] have none"),
])
def test_bad_msrvtt(msrvtt, kwargs, message):
    with pytest.raises(ValueError, match=message):
        msrvtt(**kwargs)


def test_msrvtt_pairs_of_the_csv(msrvtt):
    dataset = msrvtt('test_1k', csv_file='list.csv')
    assert dataset.num_videos == 1
    assert dataset.get_data_info(0)['caption'] == 'a cat'


@pytest.mark.parametrize('between', '\t,;')
def test_what_stands_between_columns(msrvtt, tmp_path, between):
    """The csv that is handed around with MSRVTT has semicolons."""
    lines = [('key', 'video_id', 'sentence'), ('ret0', 'video1', 'a cat')]
    (tmp_path / 'list.csv').write_text(
        '\n'.join(between.join(line) for line in lines))
    dataset = msrvtt('test_1k', csv_file='list.csv')
    assert dataset.get_data_info(0)['caption'] == 'a cat'


def test_no_table(msrvtt, tmp_path):
    (tmp_path / 'list.csv').write_text('video_id|sentence\nvideo1|a cat\n')
    with pytest.raises(ValueError, match='with tabs, commas or semicolons'):
        msrvtt('test_1k', csv_file='list.csv')


@pytest.mark.parametrize('videos, message', [
    ([dict(video_id='video1', split='dev')], "`split` must be one of .*'dev'"),
    ([dict(video_id='video1', split='train'), dict(video_id='video2')],
     '1 of 2 have none'),
    ([dict(video_id='clip')], "'clip' has neither"),
    ([dict(video_id='video1', split='test')], 'needs videos .* for training'),
])
def test_splits_of_msrvtt(msrvtt, videos, message):
    with pytest.raises(ValueError, match=message):
        msrvtt(videos=videos)


def test_numbers_after_excluding(msrvtt, tmp_path):
    (tmp_path / 'list.csv').write_text(
        'video_id,sentence\nvideo1,a cat\nvideo2,a bird\nvideo3,a tail\n')
    (tmp_path / 'broken.txt').write_text('video1')
    dataset = msrvtt('test_1k', csv_file='list.csv',
                     exclude_file='broken.txt')
    assert [dataset.get_data_info(i)['video_index']
            for i in range(2)] == [0, 1]


def test_msrvtt_several_texts_of_a_video(msrvtt, tmp_path):
    (tmp_path / 'list.csv').write_text(
        'video_id,sentence\nvideo1,a cat\nvideo2,a bird\nvideo1,a tail\n')
    dataset = msrvtt('test_1k', csv_file='list.csv')
    assert (dataset.num_texts, dataset.num_videos) == (3, 2)
    assert [dataset.get_data_info(i)['video_index']
            for i in range(3)] == [0, 1, 0]


@pytest.mark.parametrize('encoder_text', ['caption', 'transcript'])
def test_msrvtt_one_sample_per_video(msrvtt, encoder_text):
    """Encoder and decoder text are drawn apart, anew each time."""
    sentences = [dict(video_id=f'video{i % 2}', caption=f'{i}')
                 for i in range(6)]
    sentences += [dict(video_id='video9', caption='not in the list')]
    picks = [dict(type='PickCaption')]
    if encoder_text == 'caption':
        picks.append(dict(type='PickCaption', key='text'))
    dataset = msrvtt(
        videos=[dict(video_id=f'video{i}', transcript='hello')
                for i in range(2)],
        sentences=sentences, samples='videos', encoder_text=encoder_text,
        pipeline=picks)
    assert len(dataset) == 2
    drawn = [dataset[1] for _ in range(60)]
    assert {item['caption'] for item in drawn} == {'1', '3', '5'}
    texts = {(item['caption'], item['text']) for item in drawn}
    if encoder_text == 'caption':
        assert len(texts) == 9
    else:
        assert {text for _, text in texts} == {'hello'}


@pytest.fixture
def mosi(tmp_path):

    def build(split='train', **changes):
        part = dict(id=['x$_$1', 'x$_$2'],
                    raw_text=np.array(['good', 'bad'], dtype=object),
                    regression_labels=np.array([2.4, -3.], np.float32))
        table = dict(train=dict(part, **changes), valid=part, test=part)
        dump(tmp_path / 'mosi.pkl', table)
        return DATASETS.build(
            dict(type='CMUMOSIDataset', data_root=str(tmp_path),
                 ann_file='mosi.pkl', split=split, pipeline=[]))

    return build


def test_mosi(mosi):
    dataset = mosi('valid')
    info = dataset.get_data_info(0)
    assert (info['feature_id'], info['text']) == ('x$_$1', 'good')
    torch.testing.assert_close(info['sentiment'], torch.tensor([2.4]))


@pytest.mark.parametrize('changes, message', [
    (dict(id=['x']), 'lists must be equally long'),
    (dict(raw_text=['good', '']), "'train' row 1, `raw_text`: must be a"),
    (dict(regression_labels=[0., NAN]),
     'row 1, `regression_labels`: must be a finite number, but is nan'),
    (dict(regression_labels=[4., 0.]), 'row 0: the rating .* is 4.0'),
])
def test_bad_mosi(mosi, changes, message):
    with pytest.raises(ValueError, match=f'mosi.pkl.*{message}'):
        mosi(**changes)


def test_mosi_files(mosi, tmp_path):
    with pytest.raises(ForeignClassError, match='asks for subprocess.run'):
        mosi(raw_text=subprocess.run)
    path = tmp_path / 'mosi.pkl'
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match='mosi.pkl: .*truncated'):
        DATASETS.build(
            dict(type='CMUMOSIDataset', data_root=str(tmp_path),
                 ann_file='mosi.pkl', split='train', pipeline=[]))


def test_mosi_split(mosi):
    with pytest.raises(ValueError, match=r"one of.*'valid'.*'val'"):
        mosi('val')


@pytest.fixture
def load(tmp_path):

    def run(table, **results):
        transform = TRANSFORMS.build(
            dict(type='LoadVideoFeatures', max_frames=3, feature_dim=2,
                 feature_file=dump(tmp_path / 'features.pickle', table)))
        return transform(dict(feature_id='v', **results))

    return run


def test_features_of_a_clip(load):
    video = np.arange(20.).reshape(10, 2)
    result = load(dict(v=video), start=2.9, end=3.1)
    assert result['imgs'].tolist() == [[4, 5], [6, 7], [0, 0]]
    assert result['imgs'].dtype == torch.float32
    assert result['video_mask'].tolist() == [1, 1, 0]
    result = load(dict(v=video), start=8., end=99.)
    assert result['imgs'].tolist() == [[16, 17], [18, 19], [0, 0]]
    assert load(dict(v=video))['imgs'].tolist() == video[:3].tolist()


@pytest.mark.parametrize('table, results, message', [
    (dict(w=np.ones((3, 2))), {}, "no features of 'v' among 1 videos"),
    (dict(v=np.ones((3, 4))), {}, r'\(seconds, 2\), but are \(3, 4\)'),
    (dict(v=np.ones(3)), {}, r'but are \(3,\)'),
    (dict(v=np.full((3, 2), NAN)), {}, "of 'v' must be finite"),
    (dict(v=np.full((3, 2), 1e300)), {}, "of 'v' must be finite"),
    (dict(v=np.ones((3, 2))), dict(start=5, end=9), 'between 5 and 9'),
    (dict(v=np.ones((0, 2))), {}, 'but an empty array'),
    ([np.ones((3, 2))], {}, 'must hold a dict'),
])
@pytest.mark.filterwarnings('ignore:overflow')
def test_bad_features(load, table, results, message):
    with pytest.raises(ValueError, match=message):
        load(table, **results)


def test_feature_files(load, tmp_path):
    with pytest.raises(ForeignClassError, match='asks for torch'):
        load(dict(v=torch.ones(3, 2)))
    path = tmp_path / 'half.pickle'
    path.write_bytes(pickle.dumps(dict(v=np.ones((3, 2))))[:60])
    with pytest.raises(ValueError, match='half.pickle: .*truncated'):
        TRANSFORMS.build(
            dict(type='LoadVideoFeatures', max_frames=3, feature_dim=2,
                 feature_file=str(path)))
