"""Checkpoints of untrained models with the toy configs, made once."""
import pytest
from toy_checkpoints import VOCAB, save_checkpoint, toy_config


@pytest.fixture(scope='session')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('checkpoints')


@pytest.fixture(scope='session')
def answering(toy_root, folder):
    cfg = toy_config('violet_msvdqa', 'msvd_qa', toy_root)
    cfg.model.model.task.num_answers = len(VOCAB)
    return save_checkpoint(cfg, folder / 'answering.pth',
                           dataset_meta=dict(vocab=VOCAB))


@pytest.fixture(scope='session')
def choosing(toy_tgif_root, folder):
    return save_checkpoint(
        toy_config('violet_tgif_action', 'tgif_qa', toy_tgif_root),
        folder / 'choosing.pth')


@pytest.fixture(scope='session')
def ranking_videos(toy_msrvtt_root, folder):
    return save_checkpoint(
        toy_config('violet_msrvtt7k_retrieval', 'msrvtt', toy_msrvtt_root),
        folder / 'ranking_videos.pth')


@pytest.fixture(scope='session')
def ranking_features(toy_feature_root, folder):
    return save_checkpoint(
        toy_config('univl_youcook2_retrieval', 'youcook2',
                   toy_feature_root / 'youcook2'),
        folder / 'ranking_features.pth')


@pytest.fixture(scope='session')
def captioning(toy_feature_root, folder):
    return save_checkpoint(
        toy_config('univl_msrvtt_captioning', 'msrvtt_feature',
                   toy_feature_root / 'msrvtt_feature'),
        folder / 'captioning.pth')


@pytest.fixture(scope='session')
def rating(toy_feature_root, folder):
    return save_checkpoint(
        toy_config('univl_mosi', 'cmu_mosi', toy_feature_root / 'cmu_mosi'),
        folder / 'rating.pth')


@pytest.fixture(scope='session')
def all_in_one(toy_root, toy_tgif_root, toy_msrvtt_root, folder):
    """Makes the checkpoint of a toy config of All-in-one."""
    roots = dict(msvdqa=('msvd_qa', toy_root),
                 tgif_action=('tgif_qa', toy_tgif_root),
                 msrvtt7k_retrieval=('msrvtt', toy_msrvtt_root))

    def make(task):
        path = folder / f'all_in_one_{task}.pth'
        if not path.exists():
            save_checkpoint(toy_config(f'all_in_one_{task}', *roots[task]),
                            path)
        return str(path)

    return make


@pytest.fixture(scope='session')
def videos(toy_msrvtt_root):
    """Four video files."""
    return sorted(map(str, (toy_msrvtt_root / 'videos').glob('*.mp4')))[:4]
