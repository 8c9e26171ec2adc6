import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from toy_checkpoints import save_checkpoint, toy_config
from zip_equal import zip_equal

from meltr_mm.apis import VideoCaptionInferencer, VideoSentimentInferencer
from meltr_mm.apis.s3d_features import S3DFeatures
from meltr_mm.datasets.data_files import load_video_table
from meltr_mm.models.univl.s3dg import S3DG
from meltr_mm.toyworld.frame_files import write_mp4


@pytest.fixture(scope='module')
def write(captioning):
    return VideoCaptionInferencer(weights=captioning, device='cpu')


@pytest.fixture(scope='module')
def table(toy_feature_root):
    return str(toy_feature_root / 'msrvtt_feature' /
               'msrvtt_videos_features.pickle')


def test_captions_are_those_of_the_evaluation(write, table, toy_feature_root):
    cfg = toy_config('univl_msrvtt_captioning', 'msrvtt_feature',
                     toy_feature_root / 'msrvtt_feature')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    infos = [dataset.get_data_info(i) for i in range(3)]
    expected = write.model.val_step(
        pseudo_collate([dataset[i] for i in range(3)]))
    found = write([f"{table}:{info['feature_id']}" for info in infos],
                  batch_size=3, transcript=[info['text'] for info in infos])
    for result, info, sample in zip_equal(
            found['predictions'], infos, expected):
        assert result['caption'] == sample.pred_caption
        assert result['score'] == pytest.approx(sample.pred_caption_score,
                                                abs=1e-5)
        assert result['score'] < 0
        assert result['transcript'] == info['text']


def test_rows_files_and_arrays_are_the_same(write, table, tmp_path):
    name, features = next(iter(load_video_table(table).items()))
    np.save(tmp_path / 'clip.npy', features)
    inputs = [f'{table}:{name}', tmp_path / 'clip.npy', features]
    row, file, array = write(inputs, transcript='look')['predictions']
    assert row['caption'] == file['caption'] == array['caption']
    assert row['video'] == inputs[0] and file['video'] == str(inputs[1])
    assert array['video'] == f'array {features.shape}'


def test_wrong_features_are_named(write, table, tmp_path):
    (tmp_path / 'a.mp4').write_bytes(b'x')
    (tmp_path / 'b.npy').write_bytes(b'x')
    np.save(tmp_path / 'narrow.npy', np.zeros((3, 7), np.float32))
    for video, message in [
        (str(tmp_path / 'a.mp4'), r'a\.mp4: this model takes features: '
                                  r'a \.npy .*\(seconds, 64\)'),
        (str(tmp_path / 'b.npy'), r'b\.npy: the file is no array'),
        (str(tmp_path / 'narrow.npy'), r'narrow\.npy.*\(seconds, 64\), but'),
        (str(tmp_path / 'gone.npy'), r'gone\.npy: there is no such file'),
        (f'{table}:nobody', r"no features of 'nobody'.*, such as '"),
        (table, r'TABLE:ID for one video'),
    ]:
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            write(video)


def test_sentiment(rating, toy_feature_root):
    root = toy_feature_root / 'cmu_mosi'
    rate = VideoSentimentInferencer(weights=rating, device='cpu')
    dataset = DATASETS.build(
        toy_config('univl_mosi', 'cmu_mosi', root).test_dataloader.dataset)
    infos = [dataset.get_data_info(i) for i in range(2)]
    expected = rate.model.val_step(
        pseudo_collate([dataset[i] for i in range(2)]))
    found = rate([f"{root}/mosi_s3d_features.pickle:{info['feature_id']}"
                  for info in infos],
                 transcript=[info['text'] for info in infos])['predictions']
    for result, sample in zip_equal(found, expected):
        assert result['score'] == pytest.approx(
            sample.pred_sentiment.item(), abs=1e-5)
        assert result['sentiment'] == (
            'positive' if result['score'] > 0 else 'negative')


class TestVideoFiles:
    """UniVL with the weights of S3D-G."""

    @pytest.fixture(scope='class')
    def clip(self, tmp_path_factory):
        path = str(tmp_path_factory.mktemp('clip') / 'clip.mp4')
        write_mp4(path, np.random.default_rng(0).integers(
            0, 256, (12, 48, 64, 3), np.uint8), 12)
        return path

    @pytest.fixture(scope='class')
    def s3d(self, tmp_path_factory):
        torch.manual_seed(0)
        path = tmp_path_factory.mktemp('s3d') / 's3d_howto100m.pth'
        torch.save(S3DG().state_dict(), path)
        return str(path)

    def test_a_file_is_its_features(self, clip, s3d, tmp_path,
                                    toy_feature_root):
        cfg = toy_config('univl_msrvtt_captioning', 'msrvtt_feature',
                         toy_feature_root / 'msrvtt_feature')
        cfg.model.model.feature_dim = 1024
        cfg.test_dataloader.dataset.pipeline[0].feature_dim = 1024
        weights = save_checkpoint(cfg, tmp_path / 'wide.pth')
        write = VideoCaptionInferencer(weights=weights, device='cpu', s3d=s3d)
        features = S3DFeatures(s3d)(clip)
        assert features.shape == (1, 1024)
        np.save(tmp_path / 'clip.npy', features)
        file, array = write([clip, tmp_path / 'clip.npy'])['predictions']
        assert file['caption'] == array['caption']
        assert file['score'] == pytest.approx(array['score'])

    def test_features_of_another_width(self, captioning, clip, s3d):
        write = VideoCaptionInferencer(weights=captioning, device='cpu',
                                       s3d=s3d)
        with pytest.raises(ValueError, match=r'clip.mp4.*\(seconds, 64\), '
                           r'but are \(1, 1024\)'):
            write(clip)

    def test_wrong_weights(self, captioning, tmp_path):
        torch.save(dict(a=torch.zeros(1)), tmp_path / 'a.pth')
        for path, message in ((tmp_path / 'a.pth', 'a.pth: the checkpoint '
                               'must fit S3DG'),
                              (tmp_path / 'b.pth', 'b.pth')):
            with pytest.raises((ValueError, FileNotFoundError),
                               match=message):
                VideoCaptionInferencer(weights=captioning, device='cpu',
                                       s3d=str(path))
