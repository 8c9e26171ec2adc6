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
def checkpoint(folder):
    """Makes the checkpoint of a toy config, once."""

    def make(name, data, root):
        path = folder / f'{name}.pth'
        if not path.exists():
            save_checkpoint(toy_config(name, data, root), path)
        return str(path)

    return make


@pytest.fixture(scope='session')
def choosing(checkpoint, toy_tgif_root):
    return checkpoint('violet_tgif_action', 'tgif_qa', toy_tgif_root)


@pytest.fixture(scope='session')
def ranking_videos(checkpoint, toy_msrvtt_root):
    return checkpoint('violet_msrvtt7k_retrieval', 'msrvtt', toy_msrvtt_root)


@pytest.fixture(scope='session')
def ranking_features(checkpoint, toy_feature_root):
    return checkpoint('univl_youcook2_retrieval', 'youcook2',
                      toy_feature_root / 'youcook2')


@pytest.fixture(scope='session')
def captioning(checkpoint, toy_feature_root):
    return checkpoint('univl_msrvtt_captioning', 'msrvtt_feature',
                      toy_feature_root / 'msrvtt_feature')


@pytest.fixture(scope='session')
def rating(checkpoint, toy_feature_root):
    return checkpoint('univl_mosi', 'cmu_mosi', toy_feature_root / 'cmu_mosi')


@pytest.fixture(scope='session')
def all_in_one(checkpoint, toy_root, toy_tgif_root, toy_msrvtt_root):
    """Makes the checkpoint of a toy config of All-in-one."""
    roots = dict(msvdqa=('msvd_qa', toy_root),
                 tgif_action=('tgif_qa', toy_tgif_root),
                 msrvtt7k_retrieval=('msrvtt', toy_msrvtt_root))
    return lambda task: checkpoint(f'all_in_one_{task}', *roots[task])


@pytest.fixture(scope='session')
def videos(toy_msrvtt_root):
    """Four video files."""
    return sorted(map(str, (toy_msrvtt_root / 'videos').glob('*.mp4')))[:4]
