import json

import numpy as np
import pytest
from mmaction.registry import DATASETS

CAPTIONS = dict(
    video1=['a dog', 'an animal'],
    video2=['a cat', 'an animal'],
    video3=['a bird'],
    video4=['a fish'])


@pytest.fixture
def build(tmp_path):
    """Build the dataset over a folder of empty clips."""
    (tmp_path / 'videos').mkdir()
    for name in CAPTIONS:
        (tmp_path / 'videos' / f'{name}.mp4').touch()
    (tmp_path / 'MSR_VTT.json').write_text(json.dumps(dict(annotations=[
        dict(image_id=name, caption=caption)
        for name, captions in CAPTIONS.items() for caption in captions])))
    (tmp_path / 'list.txt').write_text('\n'.join(CAPTIONS))

    def build_(**options):
        return DATASETS.build(
            dict(dict(
                type='MSRVTTDrawnChoiceDataset',
                data_root=str(tmp_path),
                ann_file='MSR_VTT.json',
                list_file='list.txt',
                num_options=4), **options))

    return build_


def test_one_option_is_the_videos_own(build):
    np.random.seed(0)
    dataset = build()
    drawn, places = set(), set()
    for _ in range(30):
        for index, own in enumerate(CAPTIONS.values()):
            info = dataset.get_data_info(index)
            place, = info['label']
            assert info['options'][place] == info['answer'] in own
            assert len(set(info['options'])) == 4
            assert not set(own) & set(info['options'][:place]
                                      + info['options'][place + 1:])
            assert info['question_id'] == info['sample_idx'] == index
            drawn.add(tuple(info['options']))
            places.add(place)
    assert len(drawn) > 30 and places == set(range(4))


def test_the_same_options_in_every_evaluation(build):
    one, other = build(test_mode=True), build(test_mode=True)
    for index in range(4):
        info = one.get_data_info(index)
        assert info == other.get_data_info(index)
        assert info['answer'] == info['captions'][0]
    assert len({one.get_data_info(i)['label'][0] for i in range(4)}) > 1


def test_too_few_captions(build):
    with pytest.raises(
            ValueError, match='to choose from 5, but have 5, up to 2 of them'):
        build(num_options=5)
