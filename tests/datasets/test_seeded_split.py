import pytest
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset

from meltr_mm.datasets import SeededSplit


class Listed(BaseDataset):
    METAINFO = dict(vocab=['x'])

    def __init__(self, videos, **kwargs):
        self.videos = videos
        super().__init__(**kwargs)

    def load_data_list(self):
        return [dict(video_id=video) for video in self.videos]


VIDEOS = [f'v{i // 3}' for i in range(60)]  # 20 videos, 3 samples each


def cut(part, videos=VIDEOS, **kwargs):
    return SeededSplit(Listed(videos), part, **kwargs)


def indices(split):
    return [split[i]['sample_idx'] for i in range(len(split))]


def test_parts_are_disjoint_by_video_and_complete():
    train, meta = cut('train'), cut('meta')
    assert len(meta) == 6 and len(train) == 54
    assert sorted(indices(train) + indices(meta)) == list(range(60))
    assert indices(train) == sorted(indices(train))
    videos = [{split[i]['video_id'] for i in range(len(split))}
              for split in (train, meta)]
    assert not videos[0] & videos[1]


def test_seed_decides():
    assert indices(cut('meta')) == indices(cut('meta'))
    chosen = {tuple(indices(cut('meta', seed=seed))) for seed in range(8)}
    assert len(chosen) > 4


def test_each_part_has_a_group():
    assert len(cut('meta', fraction=0.001)) == 3
    assert len(cut('train', fraction=0.999)) == 3


def test_group_by_sample():
    assert len(cut('meta', fraction=0.25, group_by='sample')) == 15


def test_lazy_init_and_metainfo():
    split = SeededSplit(Listed(VIDEOS, lazy_init=True), 'meta', lazy_init=True)
    assert split.metainfo == dict(vocab=['x'])
    assert len(split) == 6


def test_builds_from_config(toy_root):
    split = DATASETS.build(
        dict(
            type='SeededSplit',
            part='meta',
            dataset=dict(
                type='MSVDQADataset',
                data_root=str(toy_root),
                ann_file='txt_msvd-qa.json')))
    assert len({split.get_data_info(i)['video_id']
                for i in range(len(split))}) == 1


@pytest.mark.parametrize('kwargs, message', [
    (dict(part='test'), "'train', 'meta', 'val'.*'test'"),
    (dict(part='meta', fraction=0), 'fraction must .*above 0 .*got 0'),
    (dict(part='meta', fraction=1.), 'fraction must .*below 1, but got 1.0'),
    (dict(part='meta', videos=['a', 'a']), 'at least two groups'),
    (dict(part='meta', group_by='speaker'), "must have the key 'speaker'"),
])
def test_errors(kwargs, message):
    with pytest.raises(ValueError, match=message):
        cut(**kwargs)
