import os
import shutil

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from toy_checkpoints import save_checkpoint, toy_config
from zip_equal import zip_equal

from meltr_mm.apis import RetrievalIndex, VideoRetrievalInferencer

QUERY = 'a red circle moves right'


def ranking(find, query=QUERY, top_k=100):
    return find(query, top_k=top_k)['predictions'][0]['videos']


@pytest.fixture(scope='module')
def find(ranking_videos, videos):
    return VideoRetrievalInferencer(weights=ranking_videos, videos=videos,
                                    batch_size=3, device='cpu')


def test_ranking_is_that_of_the_evaluation(find, ranking_videos,
                                           toy_msrvtt_root):
    """Files and texts give what the retrieval loop gives."""
    dataset = DATASETS.build(
        toy_config('violet_msrvtt7k_retrieval', 'msrvtt',
                   toy_msrvtt_root).test_dataloader.dataset)
    data = find.model.data_preprocessor(
        pseudo_collate([dataset[i] for i in range(len(dataset))]), False)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    files = list(dict.fromkeys(info['filename'] for info in infos))
    with torch.no_grad():
        _, by_text = find.model.predict_all(
            find.model(**data), data['data_samples'], len(files), len(infos))
    by_file = VideoRetrievalInferencer(weights=ranking_videos, videos=files,
                                       device='cpu')
    found = by_file([info['caption'] for info in infos], batch_size=3,
                    top_k=100)['predictions']
    for result, info, sample in zip_equal(found, infos, by_text):
        assert result['query'] == info['caption']
        scores = {hit['video']: hit['score'] for hit in result['videos']}
        assert [scores[file] for file in files] == pytest.approx(
            sample.pred_score.tolist(), abs=1e-5)


def test_best_come_first(find, videos):
    hits = ranking(find)
    assert [hit['rank'] for hit in hits] == [1, 2, 3, 4]
    scores = [hit['score'] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert {hit['video'] for hit in hits} == set(videos)
    assert ranking(find, top_k=2) == hits[:2]


def test_index_is_kept_and_used_again(find, ranking_videos, videos, tmp_path,
                                      monkeypatch):
    index = str(tmp_path / 'new' / 'videos.index')
    first = VideoRetrievalInferencer(weights=ranking_videos, index=index,
                                     videos=videos[:3], device='cpu')
    expected = [hit for hit in ranking(find) if hit['video'] in videos[:3]]
    for hit, other in zip_equal(ranking(first), expected):
        assert hit['video'] == other['video']
        assert hit['score'] == pytest.approx(other['score'], abs=1e-5)
    # Without videos, and on a machine that has none of them.
    read = []
    monkeypatch.setattr('meltr_mm.apis.video_files.VideoPipeline.__call__',
                        lambda self, video, fields: read.append(video))
    again = VideoRetrievalInferencer(weights=ranking_videos, index=index,
                                     device='cpu')
    assert ranking(again) == ranking(first)
    same = VideoRetrievalInferencer(weights=ranking_videos, index=index,
                                    videos=videos[:3], device='cpu')
    assert ranking(same) == ranking(first) and not read
    for one, other in zip_equal(again.index.strips, first.index.strips):
        assert (one == other).all()


def test_index_grows_and_follows_changed_files(ranking_videos, videos,
                                               tmp_path):
    index, moving = str(tmp_path / 'index'), str(tmp_path / 'moving.mp4')
    shutil.copy(videos[0], moving)
    made = dict(weights=ranking_videos, index=index, device='cpu')
    first = VideoRetrievalInferencer(videos=[videos[1], moving], **made)
    scores = {hit['video']: hit['score'] for hit in ranking(first)}
    shutil.copy(videos[2], moving)
    os.utime(moving, ns=(1, 1))
    second = VideoRetrievalInferencer(videos=[videos[3], moving], **made)
    assert set(second.index.videos) == {videos[1], videos[3], moving}
    after = {hit['video']: hit['score'] for hit in ranking(second)}
    assert after[videos[1]] == pytest.approx(scores[videos[1]], abs=1e-5)
    assert after[moving] != pytest.approx(scores[moving], abs=1e-5)
    expected = VideoRetrievalInferencer(
        weights=ranking_videos, videos=videos[2], device='cpu')
    assert after[moving] == pytest.approx(
        ranking(expected)[0]['score'], abs=1e-5)
    assert len(RetrievalIndex.load(
        index, second.index.fingerprint, 'x')) == 3


def test_index_of_another_model_is_refused(ranking_videos, videos, tmp_path,
                                           toy_msrvtt_root):
    cfg = toy_config('violet_msrvtt7k_retrieval', 'msrvtt', toy_msrvtt_root)
    index = str(tmp_path / 'index')
    other = save_checkpoint(cfg, tmp_path / 'other.pth', seed=1)
    VideoRetrievalInferencer(weights=other, videos=videos[0], index=index,
                             device='cpu')
    message = (r'index: this index was made with .*other\.pth, whose weights '
               r'or test pipeline are not those of .*msrvtt7k_retrieval\.pth')
    with pytest.raises(ValueError, match=message):
        VideoRetrievalInferencer(weights=ranking_videos, index=index)
    # The same weights, but other frames.
    cfg.test_dataloader.dataset.pipeline[0].size = 64
    with pytest.raises(ValueError, match='test pipeline'):
        VideoRetrievalInferencer(cfg, other, index=index)
    # What is done to the text does not matter.
    cfg = toy_config('violet_msrvtt7k_retrieval', 'msrvtt', toy_msrvtt_root)
    cfg.test_dataloader.dataset.pipeline[0].max_length = 9
    assert ranking(VideoRetrievalInferencer(cfg, other, index=index))


def test_wrong_files_are_named(ranking_videos, videos, tmp_path):
    wrong = tmp_path / 'wrong'
    wrong.write_bytes(b'x')
    with pytest.raises(ValueError, match='wrong: must be a retrieval index'):
        VideoRetrievalInferencer(weights=ranking_videos, index=str(wrong))
    with pytest.raises(ValueError, match='wrong: must be a checkpoint'):
        VideoRetrievalInferencer(weights=str(wrong))
    empty = VideoRetrievalInferencer(weights=ranking_videos, device='cpu')
    with pytest.raises(ValueError, match='there must be videos to rank'):
        empty(QUERY)
    with pytest.raises(ValueError, match='must be a text that is not empty'):
        empty('  ')


def test_features(ranking_features, toy_feature_root):
    """UniVL takes rows of a feature file, arrays, and files of them."""
    table = toy_feature_root / 'youcook2' / 'youcookii_videos_features.pickle'
    cfg = toy_config('univl_youcook2_retrieval', 'youcook2',
                     toy_feature_root / 'youcook2')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    names = list(dict.fromkeys(dataset.get_data_info(i)['feature_id']
                               for i in range(len(dataset))))[:2]
    find = VideoRetrievalInferencer(
        weights=ranking_features, device='cpu', batch_size=2,
        videos=[f'{table}:{name}' for name in names])
    assert {hit['video'] for hit in ranking(find)} == {
        f'{table}:{name}' for name in names}


def test_all_in_one(all_in_one, videos):
    find = VideoRetrievalInferencer(
        weights=all_in_one('msrvtt7k_retrieval'), videos=videos,
        batch_size=3, device='cpu')
    hits = ranking(find)
    assert {hit['video'] for hit in hits} == set(videos)
    assert all(-1 <= hit['score'] <= 1 for hit in hits)
    image, = find(QUERY, return_vis=True)['visualization']
    assert image.shape[2] == 3
