import json

import pytest

from meltr_mm.datasets import MSRVTTRetrievalDataset


def dataset(root, content, **kwargs):
    (root / 'train_7k.json').write_text(json.dumps(content))
    return MSRVTTRetrievalDataset(
        'train_7k.json',
        data_root=str(root),
        **{'data_prefix': None, **kwargs})


def rows(video='video_id'):
    return [{video: f'video{i}', 'caption': f'thing {j}', 'sen_id': 7}
            for i in range(2) for j in range(3)]


def test_one_sample_per_caption(tmp_path):
    data = dataset(tmp_path, dict(sentences=rows(), videos=[]))
    assert (data.num_texts, data.num_videos) == (6, 2)
    info = data.get_data_info(4)
    assert (info['video_id'], info['caption']) == ('video1', 'thing 1')
    assert 'filename' not in info


def test_violets_form(tmp_path):
    content = dict(train=rows('video'), val=[], test=rows('video')[:1])
    data = dataset(tmp_path, content, split='test')
    assert (data.num_texts, data.num_videos) == (1, 1)
    with pytest.raises(ValueError, match="'val' with a list .* not empty"):
        dataset(tmp_path, content, split='val')


def test_videos_must_exist(tmp_path):
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'video0.mp4').touch()
    with pytest.raises(FileNotFoundError,
                       match=r'video1.mp4.* does not exist\. Put'):
        dataset(tmp_path, dict(sentences=rows()),
                data_prefix=dict(video='videos'))


@pytest.mark.parametrize('row, message', [
    (dict(video_id='video0'), "'sentences' row 1: the key 'caption'"),
    (dict(video_id='video0', caption=''), 'row 1, `caption`: must be a text'),
    (dict(video_id=3, caption='x'), 'row 1, `video_id`: must be a text'),
    ('video0', 'row 1: must be a dict'),
])
def test_bad_rows(tmp_path, row, message):
    content = dict(sentences=[rows()[0], row])
    with pytest.raises(ValueError, match='train_7k.json, .*' + message):
        dataset(tmp_path, content)


@pytest.mark.parametrize('content, message', [
    ([], 'must hold a dict, but holds a list'),
    (dict(info=1), r"'sentences' or 'train' .* keys are \['info'\]"),
])
def test_other_files(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        dataset(tmp_path, content)
