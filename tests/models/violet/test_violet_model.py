import math
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from model_contract import (
    AnsweringContract,
    check_same_gradients,
    check_subset,
    check_zero_with_a_graph,
    count_calls,
)
from tiny_violet import build
from transformers import BertForMaskedLM

from meltr_mm.models.violet.violet import black_out

NAMES = ['loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm']
ROOT = Path(__file__).resolve().parents[3]


class TestContract(AnsweringContract):
    names = NAMES


@pytest.mark.parametrize('names, calls', [
    (['loss_qa'], (1, 1)),
    (['loss_vtm'], (1, 1)),
    (['loss_mtm'], (1, 1)),
    (['loss_mtm', 'loss_mvm'], (1, 1)),
    (['loss_vtm', 'loss_qa'], (1, 2)),
    (None, (2, 3)),
])
def test_subset_computes_the_same_and_runs_only_its_passes(
        model, batch, names, calls):
    check_subset(model, batch, names, [model.video_encoder, model.fusion],
                 calls)


def test_official_switch_shows_masked_frames_to_all_losses(model, batch):
    frames, samples = batch
    clean = model(*batch, mode='loss')
    model.masked_frames_for_target = True
    calls = count_calls(model.video_encoder)
    official = model(*batch, mode='loss')
    assert len(calls) == 1
    assert official['loss_qa'] != clean['loss_qa']
    assert official['loss_vtm'] != clean['loss_vtm']
    torch.testing.assert_close(official['loss_mtm'], clean['loss_mtm'])
    torch.testing.assert_close(official['loss_mvm'], clean['loss_mvm'])
    # Prediction has no mask and sees everything.
    for sample in samples:
        del sample.patch_mask
    model(frames, samples, mode='predict')


def test_it_is_built_without_a_warning(config, recwarn):
    torch.set_warn_always(True)  # else of a kind only the first is given
    try:
        build(config)
    finally:
        torch.set_warn_always(False)
    assert not recwarn.list


def test_unlabelled_losses_are_zero_with_a_graph(model, batch):
    frames, samples = batch
    for sample in samples:
        sample.set_gt_label(-1)
        sample.mtm_labels.fill_(-1)
        sample.mvm_labels.fill_(-1)
    losses = model(frames, samples, mode='loss')
    check_zero_with_a_graph(
        losses, ('loss_qa', 'loss_mtm', 'loss_mvm'),
        (model.task.answer_head, model.mtm_head, model.mvm_head))


def test_one_video_has_no_negatives(model, batch):
    frames, samples = batch
    losses = model(frames[:1], samples[:1], mode='loss')
    assert losses['loss_vtm'] == 0
    losses['loss_vtm'].backward()


def test_matching_equals_a_loop_over_pairs(model, batch):
    frames, samples = batch
    video = model.video_encoder(frames[:, 0])
    ids = torch.stack([sample.text_ids for sample in samples])
    mask = torch.stack([sample.text_mask for sample in samples])
    text = model.text_embeddings(ids)
    scores = model.match(video, text[:2], mask[:2])
    assert scores.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            states = model.fuse(video[i:i + 1], text[j:j + 1], mask[j:j + 1])
            pair = model.vtm_head(states[:, video.shape[1]])[0, 0]
            torch.testing.assert_close(scores[i, j], pair)


def test_clip_axis_is_optional(model, batch):
    frames, samples = batch
    torch.testing.assert_close(
        model(frames, samples), model(frames[:, 0], samples))


def test_wrong_inputs_are_refused(model, batch):
    frames, samples = batch
    with pytest.raises(ValueError, match='inputs must be'):
        model(frames.expand(-1, 2, -1, -1, -1, -1), samples)
    with pytest.raises(ValueError, match='multiples of 32, but got 64 x 80'):
        model(frames[..., :80], samples)
    with pytest.raises(ValueError, match='at most 3 frames, but got 4'):
        model(torch.cat([frames, frames], dim=3), samples)
    with pytest.raises(ValueError, match='at most 10 positions'):
        model(torch.cat([frames, frames], dim=4), samples)


def test_mask_must_fit_the_frames(model, batch):
    frames, samples = batch
    for sample in samples:
        sample.patch_mask = sample.patch_mask.transpose(1, 2)
    with pytest.raises(ValueError, match=r'\(2, 2, 3\).*\(2, 3, 2\)'):
        model(frames, samples, mode='loss', losses=['loss_mvm'])


def test_masked_cells_are_black_before_normalisation(model):
    preprocessor = model.data_preprocessor
    pixels = torch.rand(2, 1, 3, 2, 64, 96) * 255
    mask = torch.zeros(2, 2, 2, 3, dtype=torch.bool)
    mask[0, 1, 0, 2] = mask[1, 0, 1, 0] = True
    black = pixels.clone()
    black[0, 0, :, 1, :32, 64:] = 0
    black[1, 0, :, 0, 32:, :32] = 0

    def normalise(clips):
        return preprocessor(dict(inputs=list(clips), data_samples=[]))[
            'inputs'][:, 0]

    normalised = normalise(pixels)
    kept = normalised.clone()
    masked = black_out(normalised, mask, model.black_level())
    torch.testing.assert_close(masked, normalise(black))
    assert torch.equal(normalised, kept)


def test_without_normalisation_black_is_zero(config):
    config['data_preprocessor'] = dict(
        type='ActionDataPreprocessor', format_shape='NCTHW')
    assert MODELS.build(config).black_level() == 0


def test_each_frame_sees_itself_and_its_successor(model):
    swin = model.video_encoder.swin
    frames = torch.randn(1, 3, 3, 64, 96)
    tokens = swin.patch_embed(torch.nn.functional.pad(frames, [0] * 5 + [1]))
    changed = frames.clone()
    changed[:, :, 1] += 1
    other = swin.patch_embed(torch.nn.functional.pad(changed, [0] * 5 + [1]))
    differs = (tokens != other).flatten(3).any(3).any(1)[0]
    assert differs.tolist() == [True, True, False]
    assert swin(frames).shape == (1, 32, 3, 2, 3)


def test_recomputation_gives_the_same_gradients(config, batch):
    config['video_encoder']['swin']['drop_path_rate'] = 0.5
    config['bert']['hidden_dropout_prob'] = 0.5
    plain = build(config)
    config['with_cp'] = config['video_encoder']['swin']['with_cp'] = True
    check_same_gradients([plain, build(config)], batch)


def test_backbone_must_match_bert(config):
    config['bert']['hidden_size'] = 64
    with pytest.raises(ValueError, match='32 != 64'):
        MODELS.build(config)


def test_init_weights(config, tmp_path):
    model = MODELS.build(config)
    model.init_weights()
    words = model.text_embeddings.word_embeddings.weight
    assert 0.01 < words.std() < 0.03
    assert 0.01 < model.video_encoder.pos_embed.std() < 0.03
    bound = 1 / math.sqrt(32)
    assert 0.9 * bound < model.vtm_head[1].weight.abs().max() <= bound

    BertForMaskedLM(model.bert_config).save_pretrained(tmp_path)
    config['pretrained_bert'] = str(tmp_path)
    model = MODELS.build(config)
    model.init_weights()
    source = BertForMaskedLM.from_pretrained(tmp_path)
    assert torch.equal(model.text_embeddings.word_embeddings.weight,
                       source.bert.embeddings.word_embeddings.weight)


def test_toy_config_learns_from_one_batch():
    from mmaction.structures import ActionDataSample
    path = ROOT / 'configs' / 'toy' / 'meltr_violet_msvdqa.py'
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(path).model.model).train()
    samples = []
    for answer in range(2):
        sample = ActionDataSample().set_gt_label(answer)
        ids = torch.tensor([101, 2054, 102])
        sample.set_data(dict(text_ids=ids, text_mask=torch.ones_like(ids)))
        samples.append(sample)
    frames = torch.randn(2, 1, 3, 2, 96, 96)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    values = []
    for _ in range(8):
        loss, = model(
            frames, samples, mode='loss', losses=['loss_qa']).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.7 * values[0]


def test_full_config_has_the_published_size():
    path = ROOT / 'configs' / 'meltr_violet_msvdqa.py'
    config = Config.fromfile(path).model.model
    # Upstream reads numbers out of this one tensor while it is built.
    on_cpu = patch('torch.linspace', lambda *args, make=torch.linspace: make(
        *args, device='cpu'))
    with torch.device('meta'), on_cpu:
        model = MODELS.build(config)
    # Counted on the official class.
    assert sum(p.numel() for p in model.parameters()) == 200295673
