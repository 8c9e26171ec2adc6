import logging
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import torch
from mmaction.engine import RetrievalValLoop
from mmaction.registry import METRICS, MODELS
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.evaluator import Evaluator
from model_contract import check_one_batch_is_no_gallery, check_refuses_to_rank
from torch.utils.data import DataLoader, Dataset
from transformers import BertTokenizerFast
from two_ranks import call_in_two_ranks

from meltr_mm.datasets.transforms.tokenizing import load_tokenizer
from meltr_mm.evaluation import retrieval_metrics
from meltr_mm.models.univl import UniVLBatch
from meltr_mm.models.univl.beam_search import beam_search

sys.path.insert(
    0, str(Path(__file__).resolve().parents[3] / 'tools' / 'benchmark'))
from captioning import UncachedWriter  # noqa: E402
from zip_equal import zip_equal


class Pairs(Dataset):
    """The batch of the fixture as a data set for retrieval."""

    def __init__(self, batch):
        self.features, self.samples = batch
        self.num_videos = self.num_texts = len(self.samples)
        self.metainfo = {}

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return dict(inputs=self.features[i], data_samples=self.samples[i])


def all_scores(model, batch):
    view = UniVLBatch(model, *batch)
    return model.alignment_scores(view.text, view.text_mask, view.video,
                                  view.video_mask).detach()


def loop_metrics(model, dataset, folder=None, sampler=None):
    loader = DataLoader(dataset, batch_size=3, collate_fn=pseudo_collate,
                        sampler=sampler)
    metric = METRICS.build(
        dict(type='TextVideoRetrievalMetric', collect_dir=folder))
    runner = MagicMock(model=model)
    return RetrievalValLoop(runner, loader, Evaluator(metric)).run()


def expected_metrics(scores, videos_of_text=None, texts_of_video=None):
    texts = retrieval_metrics(scores.numpy(), videos_of_text)
    videos = retrieval_metrics(scores.t().numpy(), texts_of_video)
    return {
        **{f'i2t/retrieval/{name}': pytest.approx(value)
           for name, value in videos.items()},
        **{f't2i/retrieval/{name}': pytest.approx(value)
           for name, value in texts.items()}
    }


@pytest.mark.parametrize('wrapped', [False, True])
def test_retrieval_loop(model, batch, wrapped, capsys):
    expected = expected_metrics(all_scores(model, batch))
    model.pairs_per_pass = 5
    if wrapped:
        model = MODELS.build(
            dict(
                type='MELTRWrapper',
                model=model,
                meltr=dict(type='MELTR'),
                losses=['loss_alignment', 'loss_joint'],
                primary='loss_alignment')).eval()
    result = loop_metrics(model, Pairs(batch))
    assert result == expected
    assert '4/4' in capsys.readouterr().err  # progress over the texts


def test_joint_similarity(config, model, batch):
    config['task']['similarity'] = 'joint'
    joint = MODELS.build(config).eval()
    joint.load_state_dict(model.state_dict())
    view = UniVLBatch(model, *batch)
    scores = model.joint_scores(view.text, view.text_mask, view.video,
                                view.video_mask)
    _, predicted = joint.predict_all(joint(*batch), batch[1], 4, 4)
    torch.testing.assert_close(
        torch.stack([sample.pred_score for sample in predicted]), scores)
    assert [s.gt_label.tolist() for s in predicted] == [[0], [1], [2], [3]]
    config['task']['similarity'] = 'cosine'
    with pytest.raises(ValueError, match="one of.*'joint'.*'cosine'"):
        MODELS.build(config)


VIDEO_OF = [7, 2, 2, 7, 5]  # indices of a subset need not start at 0


@pytest.fixture
def several_texts(make_batch):
    """Five texts for three videos."""
    features, samples = make_batch(5)
    for i, (sample, index) in enumerate(zip_equal(samples, VIDEO_OF)):
        sample.set_metainfo(dict(video_index=index))
        first = VIDEO_OF.index(index)
        features[i] = features[first]
        sample.video_mask = samples[first].video_mask
    return features, samples


def expected_of_several(model, batch):
    # Videos 2, 5 and 7 come first with the texts 1, 4 and 0.
    scores = all_scores(model, batch)[:, [1, 4, 0]]
    return expected_metrics(scores, [[2], [0], [0], [2], [1]],
                            [[1, 2], [4], [0, 3]])


def test_several_texts_of_a_video(model, several_texts):
    dataset = Pairs(several_texts)
    dataset.num_videos = 3
    assert loop_metrics(model, dataset) == expected_of_several(
        model, several_texts)


def _rank(rank, folder, model, batch, expected, num_videos):
    logging.disable()
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/init', rank=rank, world_size=2)
    dataset = Pairs(batch)
    dataset.num_videos = num_videos
    sampler = DefaultSampler(dataset, shuffle=False)
    assert len(sampler) == 3  # the first of five comes twice
    result = loop_metrics(model, dataset, f'{folder}/parts', sampler)
    assert result == expected


@pytest.mark.parametrize('num_videos', [5, 3])
def test_two_ranks_rank_as_one(model, make_batch, several_texts, tmp_path,
                               num_videos):
    (tmp_path / 'parts').mkdir()
    if num_videos == 5:
        batch = make_batch(5)
        expected = expected_metrics(all_scores(model, batch))
    else:
        batch = several_texts
        expected = expected_of_several(model, batch)
    call_in_two_ranks(_rank, str(tmp_path), model.requires_grad_(False),
                      batch, expected, num_videos)


@pytest.fixture
def captioner(config, model):
    config['task'] = dict(
        type='UniVLCaptioning', beam_size=3, max_length=6,
        tokenizer='minilm')
    captioner = MODELS.build(config).eval()
    captioner.load_state_dict(model.state_dict())
    return captioner


@pytest.mark.parametrize('stopping', ['standard', 'official'])
@pytest.mark.parametrize('beam_size', [1, 4])
def test_cache_changes_no_caption(captioner, batch, stopping, beam_size):
    captioner.task.search.update(stopping=stopping, beam_size=beam_size)
    view = UniVLBatch(captioner, *batch)
    with torch.no_grad():
        found = captioner.task.hypotheses(captioner, view)
        expected = beam_search(UncachedWriter(captioner, view), 4, start=101,
                               **captioner.task.search)
    for ours, theirs in zip_equal(found, expected):
        assert [h.tokens for h in ours] == [h.tokens for h in theirs]
        assert [h.score for h in ours] == pytest.approx(
            [h.score for h in theirs], abs=1e-4)


def test_captions_do_not_depend_on_the_batch(captioner, batch):
    features, samples = batch
    together = [s.pred_ids.tolist()
                for s in captioner(features, samples, mode='predict')]
    for i, tokens in enumerate(together):
        alone, = captioner(features[i:i + 1], samples[i:i + 1],
                           mode='predict')
        assert alone.pred_ids.tolist() == tokens


def test_caption_prediction_needs_no_caption(captioner, batch):
    features, samples = batch
    for sample in samples:
        for name in ('caption_ids', 'caption_labels', 'caption_mask',
                     'mfm_labels', 'masked_text_ids', 'mlm_labels'):
            delattr(sample, name)
    predicted = captioner(features, samples, mode='predict')
    tokenizer = load_tokenizer('minilm')
    for sample in predicted:
        tokens = sample.pred_ids.tolist()
        assert 1 <= len(tokens) <= 6
        assert 102 not in tokens[:-1]
        words = tokenizer.convert_ids_to_tokens(
            tokens[:-1] if tokens[-1] == 102 else tokens)
        assert sample.pred_caption == ' '.join(words)


def test_ends_of_a_caption_are_the_tokenizer_s(tmp_path):
    (tmp_path / 'vocab.txt').write_text(
        '\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a']))
    BertTokenizerFast(str(tmp_path / 'vocab.txt')).save_pretrained(tmp_path)
    task = dict(type='UniVLCaptioning', hidden_size=8)
    for tokenizer, ids in ((str(tmp_path), (2, 3)), ('minilm', (101, 102)),
                           (None, (101, 102))):
        built = MODELS.build(dict(task, tokenizer=tokenizer))
        assert (built.start_id, built.search['end']) == ids
    with pytest.raises(ValueError, match=r'\(2, 3\), but are \(2, 102\)'):
        MODELS.build(dict(task, tokenizer=str(tmp_path), end_id=102))


def test_sentiment(config, batch):
    config['task'] = dict(type='UniVLSentiment', dropout=0.)
    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    features, samples = batch
    losses = model(features, samples, mode='loss')
    assert list(losses) == ['loss_sentiment', 'loss_joint', 'loss_alignment',
                            'loss_mlm', 'loss_mfm']
    view = UniVLBatch(model, features, samples)
    ratings = []
    for i in range(4):
        pooled = view.states[i][view.pair_mask[i] != 0].mean(0)
        ratings.append(model.task.head[1](pooled)[0])
    ratings = torch.stack(ratings)
    torch.testing.assert_close(model(features, samples), ratings)
    truth = torch.cat([sample.sentiment for sample in samples])
    torch.testing.assert_close(losses['loss_sentiment'],
                               (ratings - truth).abs().mean())
    predicted = model(features, samples, mode='predict')
    torch.testing.assert_close(
        torch.cat([sample.pred_sentiment for sample in predicted]), ratings)


def test_any_texts_and_videos_can_be_ranked(model, batch):
    features, samples = batch
    with torch.no_grad():
        _, by_text = model.predict_all(model(*batch), samples, 4, 4)
        videos = model.encode_videos(features, samples)
        texts = model.encode_texts(samples[1:])
        scores = model.score(texts, videos)
    torch.testing.assert_close(
        scores, torch.stack([s.pred_score for s in by_text[1:]]))


def test_only_retrieval_ranks(model, captioner, batch):
    assert captioner.target == 'caption'
    check_refuses_to_rank(captioner, batch)
    check_one_batch_is_no_gallery(model, batch)
