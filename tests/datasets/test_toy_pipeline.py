"""Generated clips through the shipped pipelines and real data loaders."""
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from held_out_config import held_out_config
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.runner import Runner
from zip_equal import zip_equal

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
TOY = CONFIGS / 'toy' / 'meltr_violet_msvdqa.py'
ALGORITHM = ('text_ids', 'text_mask', 'masked_text_ids', 'mtm_labels',
             'patch_mask', 'mvm_labels', 'gt_label')


def toy_config(root):
    cfg = Config.fromfile(TOY)
    cfg.merge_from_dict(dict(data_root=str(root)))
    return cfg


@pytest.fixture
def copied_root(toy_root, tmp_path):
    """A copy of the toy data that a test may damage."""
    shutil.copytree(toy_root, tmp_path / 'msvd_qa')
    return tmp_path / 'msvd_qa'


def check_sample(inputs, sample, vocab):
    assert inputs.dtype == torch.uint8 and inputs.shape == (1, 3, 2, 96, 96)
    assert sample.text_ids.dtype == torch.int64
    assert sample.text_ids.shape == sample.text_mask.shape == (12, )
    assert sample.text_ids[0] == 101
    assert torch.equal(sample.text_mask, (sample.text_ids != 0).long())
    assert sample.gt_label.shape == (1, )
    # So few training clips do not hold every answer of the others.
    label = sample.gt_label.item()
    assert sample.answer == (vocab[label] if label >= 0 else '')
    assert set(sample.metainfo_keys()) >= {
        'img_shape', 'video_id', 'question', 'answer', 'question_id',
        'question_type', 'sample_idx'
    }


def test_train_loader(toy_root):
    config = toy_config(toy_root).train_dataloader
    config.update(batch_size=4)
    loader = Runner.build_dataloader(config, seed=0)
    vocab = loader.dataset.metainfo['vocab']
    batch = next(iter(loader))
    assert len(batch['inputs']) == 4
    for inputs, sample in zip_equal(
            batch['inputs'], batch['data_samples']):
        check_sample(inputs, sample, vocab)
        assert set(sample.keys()) == set(ALGORITHM)
        hidden = sample.mtm_labels >= 0
        assert hidden.any()
        assert (sample.masked_text_ids[hidden] == 103).all()
        assert torch.equal(sample.mtm_labels[hidden],
                           sample.text_ids[hidden])
        assert torch.equal(sample.masked_text_ids[~hidden],
                           sample.text_ids[~hidden])
        assert sample.patch_mask.shape == (2, 3, 3)
        assert sample.patch_mask.dtype == torch.bool
        labels = sample.mvm_labels.view(2, 10)
        assert (labels[:, 0] == -1).all()
        assert torch.equal(labels[:, 1:] >= 0, sample.patch_mask.flatten(1))
        assert labels.max() < 64


def test_meta_loader_is_disjoint_from_training(toy_root, tmp_path):
    config = Config.fromfile(held_out_config(tmp_path, TOY))
    config.merge_from_dict(dict(data_root=str(toy_root)))
    parts = [
        DATASETS.build(loader.dataset)
        for loader in (config.train_dataloader,
                       config.optim_wrapper.meta_dataloader)
    ]
    videos = [{part.get_data_info(i)['video_id'] for i in range(len(part))}
              for part in parts]
    assert not videos[0] & videos[1]
    assert len(videos[0] | videos[1]) == 10


@pytest.mark.parametrize('split', ['val', 'test'])
def test_evaluation_loaders(toy_root, split):
    config = toy_config(toy_root)
    loader = Runner.build_dataloader(config[f'{split}_dataloader'], seed=0)
    questions = json.loads(
        (toy_root / 'txt_msvd-qa.json').read_text())[split]
    seen = []
    for batch in loader:
        for inputs, sample in zip_equal(
                batch['inputs'], batch['data_samples']):
            check_sample(inputs, sample, loader.dataset.metainfo['vocab'])
            assert set(sample.keys()) == {'text_ids', 'text_mask', 'gt_label'}
            assert sample.question_type in config.test_set.question_types
            seen.append((sample.question_id, sample.question))
    assert seen == [(i, q['question']) for i, q in enumerate(questions)]


def test_both_forms_give_the_same_samples(toy_root):

    def samples(**kwargs):
        dataset = DATASETS.build(
            dict(type='MSVDQADataset', data_root=str(toy_root), **kwargs))
        keys = ('video_id', 'question', 'label')
        infos = (dataset.get_data_info(i) for i in range(len(dataset)))
        return [[info[key] for key in keys] for info in infos]

    for split in ('train', 'val', 'test'):
        assert samples(
            ann_file='txt_msvd-qa.json', split=split) == samples(
                ann_file=f'{split}_qa.json',
                train_ann_file='train_qa.json',
                split=split)


def test_frames_from_the_pickle_are_those_of_the_videos(toy_root):
    config = toy_config(toy_root)
    from_video = DATASETS.build(config.test_dataloader.dataset)
    config.merge_from_dict(dict(
        img_file='${data_root}/img_msvd.pkl', videos=None))
    from_pickle = DATASETS.build(config.test_dataloader.dataset)
    one, other = (dataset[0]['inputs'].float()
                  for dataset in (from_video, from_pickle))
    assert one.shape == other.shape
    # Two codecs, so not equal; another frame would be off far more.
    assert (one - other).abs().mean() < 6
    assert (one[:, :, 0] - other[:, :, 1]).abs().mean() > 1


def test_full_size_config_builds_its_pipelines(toy_root):
    config = Config.fromfile(CONFIGS / 'meltr_violet_msvdqa.py')
    config.merge_from_dict(dict(
        data_root=str(toy_root), frames=2, size=96, tokenizer='minilm'))
    train = DATASETS.build(config.train_dataloader.dataset)
    assert train[0]['data_samples'].text_ids.shape == (25, )
    assert train[0]['data_samples'].mvm_labels.shape == (20, )
    test = DATASETS.build(config.test_dataloader.dataset)
    assert 'mvm_labels' not in test[0]['data_samples']


def test_missing_data_folder_through_the_config(tmp_path):
    config = toy_config(tmp_path / 'nowhere')
    with pytest.raises(
            FileNotFoundError, match='nowhere: the data folder does not'):
        DATASETS.build(config.train_set)


@pytest.mark.parametrize('keep', [0, 10, 700])
def test_broken_video_is_named(copied_root, keep):
    config = toy_config(copied_root)
    dataset = DATASETS.build(config.train_set)
    path = Path(dataset.get_data_info(0)['filename'])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
            ValueError, match=rf'{path.name}: .*(cannot be decoded|must be)'):
        dataset[0]


def test_broken_stream_is_named(copied_root):
    config = toy_config(copied_root)
    dataset = DATASETS.build(config.train_set)
    path = Path(dataset.get_data_info(0)['filename'])
    content = bytearray(path.read_bytes())
    start = content.index(b'mdat') + 4
    end = content.index(b'moov')
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    with pytest.raises(
            ValueError, match=rf'{path.name}: .*(cannot be decoded|must be)'):
        dataset[0]


def test_broken_video_in_a_worker(copied_root):
    config = toy_config(copied_root).test_dataloader
    loader = Runner.build_dataloader(config, seed=0)
    path = Path(loader.dataset.get_data_info(0)['filename'])
    path.write_bytes(b'no video')
    with pytest.raises(ValueError, match=f'{path.name}: must be a video'):
        next(iter(loader))


def vq_error(root, change, match):
    path = root / 'msvd_vq.pkl'
    table = pickle.loads(path.read_bytes())
    dataset = DATASETS.build(toy_config(root).train_set)
    video = dataset.get_data_info(0)['video_id']
    change(table, video)
    path.write_bytes(pickle.dumps(table))
    dataset = DATASETS.build(toy_config(root).train_set)
    with pytest.raises(ValueError, match=match.format(video=video)):
        dataset[0]


def test_missing_codes(copied_root):
    vq_error(copied_root, lambda table, video: table.pop(video),
             r"msvd_vq\.pkl: there are no codes of the video '{video}'")


@pytest.mark.parametrize('shape', [(2, 7, 7), (5, 3, 3), (2, 9), (0, )])
def test_codes_of_another_grid(copied_root, shape):
    vq_error(
        copied_root,
        lambda table, video: table.update({video: np.zeros(shape, int)}),
        r"msvd_vq\.pkl: the codes of the video '{video}' must be 2 grids of "
        '3x3')


def test_codes_outside_the_codebook(copied_root):
    vq_error(
        copied_root,
        lambda table, video: table.update({video: np.full((2, 3, 3), 64)}),
        r'must lie in 0\.\.63.*reach from 64 to 64')
