import json
import pickle

import numpy as np
import pytest
from mmaction.registry import DATASETS

CAPTIONS = [('video1', 'a dog'), ('video2', 'a cat'), ('video1', 'an animal'),
            ('video3', 'unlisted')]


@pytest.fixture
def build(tmp_path):
    """Build the dataset over a folder of empty clips."""
    (tmp_path / 'videos').mkdir()
    for name in ('video1', 'video2'):
        (tmp_path / 'videos' / f'{name}.mp4').touch()
    (tmp_path / 'MSR_VTT.json').write_text(json.dumps(dict(annotations=[
        dict(image_id=name, caption=caption) for name, caption in CAPTIONS])))
    (tmp_path / 'list.txt').write_text('video2\nvideo1\n')
    (tmp_path / 'idx.pkl').write_bytes(
        pickle.dumps(dict(video1=np.int64(1), video2=0)))

    def build_(**options):
        return DATASETS.build(
            dict(dict(
                type='MSRVTTListDataset',
                data_root=str(tmp_path),
                ann_file='MSR_VTT.json',
                list_file='list.txt'), **options))

    return build_


def test_items_are_the_videos_of_the_list(build, tmp_path):
    dataset = build()
    assert dataset.num_videos == dataset.num_texts == 2
    assert dataset.get_data_info(1) == dict(
        video_id='video1',
        filename=str(tmp_path / 'videos' / 'video1.mp4'),
        captions=['a dog', 'an animal'],
        sample_idx=1)
    assert dataset.get_data_info(0)['captions'] == ['a cat']


def test_one_caption_per_test_video(build):
    dataset = build(caption_index_file='idx.pkl')
    assert [dataset.get_data_info(i)['captions'] for i in range(2)] == [
        ['a cat'], ['an animal']]


def test_two_parts_for_training_and_meta_batches(build):
    parts = [
        DATASETS.build(dict(type='SeededSplit', part=part, dataset=build()))
        for part in ('train', 'meta')
    ]
    assert {p.get_data_info(0)['video_id'] for p in parts} == {
        'video1', 'video2'}


@pytest.mark.parametrize('name, content, message', [
    ('list.txt', 'video2\nvideo2', '2 names of 1 videos'),
    ('list.txt', '', '0 names of 0 videos'),
    ('list.txt', 'video7', "no caption of 'video7', which list.txt lists"),
    ('MSR_VTT.json', '[]', "the key 'annotations'"),
    ('MSR_VTT.json', '{"annotations": [{"caption": "a"}]}',
     "row 0: the key 'image_id' is missing"),
    ('MSR_VTT.json', '{"annotations": [{"image_id": "a", "caption": ""}]}',
     'row 0, `caption`: must be a text'),
    ('idx.pkl', pickle.dumps(dict(video1=2, video2=0)),
     r"caption of 'video1', 0\.\.1, but gives 2"),
    ('idx.pkl', pickle.dumps([1, 0]), 'but holds a list'),
    ('idx.pkl', pickle.dumps(dict(video1='1', video2=0)), "but gives '1'"),
    ('idx.pkl', pickle.dumps(dict(video1=0)),
     "caption of 'video2', .* but gives None"),
])
def test_bad_files(build, tmp_path, name, content, message):
    if isinstance(content, str):
        content = content.encode()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        build(caption_index_file='idx.pkl')


def test_missing_files(build, tmp_path):
    with pytest.raises(FileNotFoundError, match='list of videos no.txt|no.t'):
        build(list_file='no.txt')
    (tmp_path / 'videos' / 'video1.mp4').unlink()
    with pytest.raises(FileNotFoundError, match='video1.mp4'):
        build()
