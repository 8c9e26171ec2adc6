import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from model_contract import check_one_batch_is_no_gallery, check_refuses_to_rank
from torch.utils.data import Dataset

from meltr_mm.models.all_in_one.heads import mean_cosine


def cosines(model, batch):
    """The similarity of every text with every video, one by one."""
    model.target_head = 'itc'
    frames, samples = batch
    scores = torch.zeros(len(samples), len(samples))
    for i in range(len(samples)):
        for j in range(len(samples)):
            text = model(frames[:1], samples[i:i + 1])['text_feature'][0]
            video = model(
                frames[j:j + 1], samples[:1])['video_feature'][0, 0]
            scores[i, j] = torch.cosine_similarity(text, video, dim=0)
    return scores


@torch.no_grad()
def test_text_and_video_do_not_see_each_other(model, batch):
    model.target_head = 'itc'
    features = model(*batch)
    together = features['text_feature'] @ features['video_feature'][:, 0].T
    torch.testing.assert_close(together, cosines(model, batch))


@torch.no_grad()
def test_loss_equals_both_cross_entropies(model, batch):
    scores = cosines(model, batch) / 0.05
    own = torch.arange(3)
    expected = F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)
    loss = model(*batch, mode='loss', losses=['loss_itc'])['loss_itc']
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-5)


def test_one_pair_has_no_negatives(model, batch):
    frames, samples = batch
    loss = model(
        frames[:1], samples[:1], mode='loss', losses=['loss_itc'])['loss_itc']
    assert loss.item() == 0
    loss.backward()


@torch.no_grad()
def test_views_average_the_cosines(model, batch):
    model.target_head = 'itc'
    frames, samples = batch
    other = torch.randn_like(frames)
    features = [model(clips, samples) for clips in (frames, other)]
    expected = sum(f['text_feature'] @ f['video_feature'][:, 0].T
                   for f in features) / 2
    both = model(torch.cat([frames, other], dim=1), samples)
    assert both['video_feature'].shape == (3, 2, 8)
    scores = mean_cosine(both['text_feature'][None],
                         both['video_feature'].transpose(0, 1))
    torch.testing.assert_close(scores, expected)


def test_several_clips_are_for_retrieval_only(model, batch):
    frames, samples = batch
    twice = torch.cat([frames, frames], dim=1)
    with pytest.raises(ValueError, match='one clip per video'):
        model(twice, samples)
    model.target_head = 'itc'
    with pytest.raises(ValueError, match='one clip per video'):
        model(twice, samples, mode='loss')


class Pairs(Dataset):
    metainfo = {}

    def __init__(self, batch):
        self.frames, self.samples = batch
        self.num_videos = self.num_texts = len(self.samples)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return dict(inputs=self.frames[i], data_samples=self.samples[i])


def test_ranking_through_the_stock_loop(model, batch, tmp_path):
    frames, samples = batch
    scores = cosines(model, batch)
    model.data_preprocessor = type(model.data_preprocessor)(
        format_shape='NCTHW')
    runner = Runner(
        model=model,
        work_dir=str(tmp_path),
        test_dataloader=dict(
            batch_size=2,
            dataset=Pairs(batch),
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=pseudo_collate),
        test_cfg=dict(type='RetrievalTestLoop'),
        test_evaluator=dict(type='TextVideoRetrievalMetric', recall_at=[1]),
        default_scope='mmaction')
    metrics = runner.test()
    for name, rows in (('t2i', scores), ('i2t', scores.T)):
        ranks = 1 + (rows > rows.diag()[:, None]).sum(dim=1).double()
        assert metrics[f'{name}/retrieval/MeanR'] == ranks.mean().item()
        assert metrics[f'{name}/retrieval/R@1'] == pytest.approx(
            100 * (ranks == 1).double().mean().item())


@torch.no_grad()
def test_several_captions_of_a_video(model, batch):
    frames, samples = batch
    scores = cosines(model, batch)[:, :2]
    samples[2].set_metainfo(dict(video_id='video0'))
    frames[2] = frames[0]
    by_video, by_text = model.predict_all(model(frames, samples), samples, 2,
                                          3)
    for query, (row, right) in zip(by_text, zip(scores, [[0], [1], [0]])):
        torch.testing.assert_close(query.pred_score, row)
        assert query.gt_label.tolist() == right
    for query, (row, right) in zip(by_video, zip(scores.T, [[0, 2], [1]])):
        torch.testing.assert_close(query.pred_score, row)
        assert query.gt_label.tolist() == right


@torch.no_grad()
def test_any_texts_and_videos_can_be_ranked(model, batch):
    frames, samples = batch
    expected = cosines(model, batch)
    videos = model.encode_videos(frames)
    texts = model.encode_texts(samples[:2])
    assert (list(videos), list(texts)) == (['video_feature'],
                                           ['text_feature'])
    torch.testing.assert_close(model.score(texts, videos), expected[:2])


@pytest.mark.parametrize('head', ['qa', 'mc', 'rank'])
def test_only_contrast_ranks(model, batch, head):
    model.target_head = head
    assert model.target == ('answer' if head == 'qa' else 'choice')
    check_refuses_to_rank(model, batch)
    model.target_head = 'itc'
    check_one_batch_is_no_gallery(model, batch)
