from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from model_contract import check_one_batch_is_no_gallery, check_refuses_to_rank
from rank_in_parts import rank_gallery
from two_ranks import run_two_ranks
from zip_equal import zip_equal

from meltr_mm.models.violet.tasks import (
    best_pairs,
    rank_below,
    score_pairs,
    shorten,
)


def name(samples, videos):
    for i, (sample, video) in enumerate(zip_equal(samples, videos)):
        sample.set_metainfo(dict(sample_idx=i, video_id=video))
    return samples


def loop_over_pairs(model, frames, samples):
    scores = torch.empty(len(samples), len(frames))
    for i, sample in enumerate(samples):
        for j, frame in enumerate(frames):
            video = model.video_encoder(frame)
            text = model.text_embeddings(sample.text_ids[None])
            states = model.fuse(video, text, sample.text_mask[None])
            scores[i, j] = model.vtm_head(states[0, video.shape[1]])
    return scores


def ranking(model, frames, samples, num_videos):
    with torch.no_grad():
        feats = model(frames, samples)
        by_video, by_text = model.predict_all(feats, samples, num_videos,
                                              len(samples))
    stack = [torch.stack([sample.pred_score for sample in samples])
             for samples in (by_video, by_text)]
    right = [[sample.gt_label.tolist() for sample in samples]
             for samples in (by_video, by_text)]
    return stack, right


def test_losses_are_the_three_and_the_task_has_no_weights(
        retrieval_model, batch):
    losses = retrieval_model(*batch, mode='loss')
    assert list(losses) == ['loss_vtm', 'loss_mtm', 'loss_mvm']
    sum(losses.values()).backward()
    assert not [name for name, parameter in retrieval_model.named_parameters()
                if parameter.grad is None]
    assert not list(retrieval_model.task.parameters())


def test_all_pairs_equal_a_loop(retrieval_model, batch):
    frames, samples = batch
    (by_video, by_text), right = ranking(
        retrieval_model, frames, name(samples, 'abc'), 3)
    torch.testing.assert_close(
        by_text, loop_over_pairs(retrieval_model, frames, samples).detach())
    assert torch.equal(by_video, by_text.T)
    assert right == [[[0], [1], [2]]] * 2


def test_repeated_videos_and_padded_samples_count_once(
        retrieval_model, batch):
    frames, samples = batch
    name(samples, 'aba')
    frames[2] = frames[0]
    padded = frames[[1, 0, 2, 0]], [samples[i] for i in (1, 0, 2, 0)]
    with torch.no_grad():
        feats = retrieval_model(*padded)
        by_video, by_text = retrieval_model.predict_all(
            feats, padded[1], num_images=2, num_texts=3)
    expected = loop_over_pairs(retrieval_model, frames[:2], samples).detach()
    torch.testing.assert_close(
        torch.stack([sample.pred_score for sample in by_text]), expected)
    assert [sample.gt_label.tolist() for sample in by_text] == [[0], [1], [0]]
    assert [sample.gt_label.tolist() for sample in by_video] == [[0, 2], [1]]


def test_block_size_changes_nothing(retrieval_model, batch):
    name(batch[1], 'abc')
    (_, blocks_of_2), _ = ranking(retrieval_model, *batch, 3)
    retrieval_model.task.block = 100
    (_, one_block), _ = ranking(retrieval_model, *batch, 3)
    torch.testing.assert_close(blocks_of_2, one_block)


def test_two_stages_score_only_the_best_exactly(retrieval_config, batch):
    frames, samples = batch
    name(samples, 'abc')
    exact = MODELS.build(retrieval_config).eval()
    (_, expected), _ = ranking(exact, frames, samples, 3)
    retrieval_config['task']['top_k'] = 1
    model = MODELS.build(retrieval_config).eval()
    model.load_state_dict(exact.state_dict())
    lengths = []
    model.fusion.register_forward_hook(
        lambda module, args, output: lengths.extend(
            [args[0].shape[1]] * len(args[0])))
    (by_video, by_text), _ = ranking(model, frames, samples, 3)
    n, X = 2 * 7, 6
    assert lengths.count(2 * 2 + X) == 9
    assert 3 <= lengths.count(n + X) <= 5
    for scores, truth in ((by_text, expected), (by_video, expected.T)):
        known = torch.isclose(scores, truth, atol=1e-5)
        assert known.any(dim=1).all()
        for row, mask in zip_equal(scores, known):
            assert mask.all() or row[mask].min() > row[~mask].max()


def test_two_stages_with_all_videos_are_exact(retrieval_config, batch):
    retrieval_config['task']['top_k'] = 3
    model = MODELS.build(retrieval_config).eval()
    frames, samples = batch
    (_, by_text), _ = ranking(model, frames, name(samples, 'abc'), 3)
    torch.testing.assert_close(
        by_text, loop_over_pairs(model, frames, samples).detach())


def test_shorten_keeps_cls_and_mean_of_each_frame():
    video = torch.arange(12.).view(1, 6, 2)  # 2 frames: [CLS], 2 cells
    assert shorten(video, 2).tolist() == [[[0, 1], [3, 4], [6, 7], [9, 10]]]


def test_best_pairs_of_rows_and_columns():
    scores = torch.tensor([[3., 2., 1.], [9., 8., 7.]])
    assert best_pairs(scores, 1).tolist() == [[True, False, False],
                                              [True, True, True]]
    assert best_pairs(scores, 5).all()


def test_rank_below():
    exact = torch.tensor([[5., -2., 0.]])
    known = torch.tensor([[True, True, False]])
    cheap = torch.tensor([[0., 1., 9.]])
    assert rank_below(exact, known, cheap).tolist() == [[5., -2., -3.]]
    everything = torch.ones_like(known)
    assert torch.equal(rank_below(exact, everything, cheap), exact)


def test_only_wanted_pairs_are_scored(retrieval_model, batch):
    feats = retrieval_model(*batch)
    wanted = torch.eye(3, dtype=torch.bool)
    scores = score_pairs(retrieval_model, feats, feats['video'], 2, wanted)
    assert (scores != 0).tolist() == wanted.tolist()


@pytest.mark.parametrize('option', ['top_k', 'block'])
def test_options_are_positive(retrieval_config, option):
    retrieval_config['task'][option] = 0
    with pytest.raises(ValueError, match=f'{option} must be at least 1'):
        MODELS.build(retrieval_config)


def test_two_processes_rank_as_one(tmp_path):
    script = Path(__file__).with_name('rank_in_parts.py')
    parts = run_two_ranks(script, tmp_path)
    for run, top_k in enumerate((None, 2)):
        expected = rank_gallery(top_k=top_k)
        for direction in range(2):
            first, second = (part[run][direction] for part in parts)
            # As the evaluator puts the processes' results together.
            assert len(first) == len(second)
            together = [None] * 2 * len(first)
            together[::2], together[1::2] = first, second
            together = together[:len(expected[direction])]
            for (scores, right), (wanted, truth) in zip_equal(
                    together, expected[direction]):
                torch.testing.assert_close(scores, wanted)
                assert right.tolist() == truth.tolist()


def apart(model, frames, samples):
    """Scores of every text with every video, (Q, G), encoded apart."""
    with torch.no_grad():
        return model.score(model.encode_texts(samples[:2]),
                           model.encode_videos(frames))


def test_any_texts_and_videos_can_be_ranked(retrieval_config, batch):
    frames, samples = batch
    exact = MODELS.build(retrieval_config).eval()
    (_, expected), _ = ranking(exact, frames, name(samples, 'abc'), 3)
    torch.testing.assert_close(apart(exact, *batch), expected[:2])
    # With two stages the best of each text is exact, and stays the best.
    retrieval_config['task']['top_k'] = 1
    model = MODELS.build(retrieval_config).eval()
    model.load_state_dict(exact.state_dict())
    for scores, truth in zip(apart(model, *batch), expected):
        best = scores.argmax()
        torch.testing.assert_close(scores[best], truth[best])


def test_only_retrieval_ranks(retrieval_model, model, choice_model, batch):
    assert (model.target, choice_model.target) == ('answer', 'choice')
    for other in (model, choice_model):
        check_refuses_to_rank(other, batch)
    check_one_batch_is_no_gallery(retrieval_model, batch)
