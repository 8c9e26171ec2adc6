from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.runner import load_state_dict
from torch import nn

from meltr_mm.models.all_in_one.checkpoint import from_official, to_official
from meltr_mm.models.all_in_one.vit import AllInOneViT
from meltr_mm.models.layers import compare_state_dict, load_strict

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
HEADS = ('vqa_classifier', 'mc_vqa_classifier', 'itm_score', 'rank_output')
RETRIEVAL = ('mlm_score', 'txt_proj', 'vid_proj', 'aux_model')


def without(weights, *roots):
    return {key: value for key, value in weights.items()
            if key.split('.')[0] not in roots}


@pytest.mark.parametrize('name, absent', [
    ('msrvtt7k_retrieval', HEADS),
    ('msvdqa', HEADS[1:] + RETRIEVAL[1:]),
    ('msrvtt_mc', HEADS[:3] + RETRIEVAL[3:]),
    ('tgif_action', HEADS[:1] + HEADS[2:] + RETRIEVAL[1:]),
])
def test_full_size_checkpoints_fit_the_full_configs(official, name, absent):
    config = Config.fromfile(
        CONFIGS / f'meltr_all_in_one_{name}.py').model
    with torch.device('meta'):
        model = MODELS.build(config)
    weights = from_official(without(official, *absent))
    if 'aux_model' in absent:
        model = model.model
    report = compare_state_dict(model, weights)
    assert report.ok, str(report)
    if name == 'msrvtt7k_retrieval':
        # Counted on the official class.
        assert sum(p.numel() for p in model.parameters()) == 134_835_514
        assert sum(p.numel() for p in model.meltr.parameters()) == 116_736


def test_round_trip_of_the_full_key_list(official):
    assert len(official) == 187 + 16
    back = to_official(from_official(official))
    assert back.keys() == official.keys()
    assert all(back[key] is value for key, value in official.items())
    bare = without(official, 'aux_model')
    assert to_official(from_official(bare)).keys() == bare.keys()


def test_pretraining_checkpoint(official):
    pretrained = {
        key.replace('itm_score', 'vtm_score'): value
        for key, value in without(
            official, *HEADS[:2], 'rank_output', *RETRIEVAL[1:]).items()
    }
    pretrained['text_embeddings.position_ids'] = torch.zeros(1, 40)
    ours = from_official(pretrained)
    assert 'heads.itm.fc.weight' in ours
    assert not any('position_ids' in key for key in ours)
    pretrained['itm_score.fc.bias'] = pretrained['vtm_score.fc.bias']
    with pytest.raises(ValueError, match="itm_score.fc.bias.*'vtm_score.'"):
        from_official(pretrained)


def test_other_models_are_refused():
    with pytest.raises(ValueError, match='visual.conv1.weight'):
        from_official({'visual.conv1.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='backbone.conv1.weight'):
        to_official({'backbone.conv1.weight': torch.zeros(1)})


@pytest.mark.parametrize('load', [
    load_strict, load_state_dict,
    lambda model, weights: model.load_state_dict(weights)])
def test_ranking_starts_from_the_matching_head(model, config, load):
    weights = {key: value for key, value in model.state_dict().items()
               if 'heads.rank.' not in key}
    fresh = MODELS.build(config)
    if load is load_strict:
        with pytest.raises(ValueError, match='heads.rank.fc.weight'):
            load(fresh, weights)
        return
    load(fresh, weights)
    itm, rank = fresh.heads['itm'].fc, fresh.heads['rank'].fc
    assert torch.equal(rank.weight, itm.weight[1:])
    assert torch.equal(rank.bias, itm.bias[1:])
    assert 'heads.rank.fc.weight' not in weights
    # A ranking head of its own is kept.
    load(fresh, model.state_dict())
    assert torch.equal(
        fresh.heads['rank'].fc.weight, model.heads['rank'].fc.weight)


def test_ranking_inside_the_wrapper(model, config):
    wrapped = MODELS.build(
        dict(
            type='MELTRWrapper', model=config, meltr=dict(type='MELTR'),
            losses=['loss_rank', 'loss_mlm'], primary='loss_rank'))
    weights = {key: value for key, value in model.state_dict().items()
               if 'heads.rank.' not in key}
    wrapped.load_state_dict(weights, strict=False)
    assert torch.equal(wrapped.model.heads['rank'].fc.weight,
                       model.heads['itm'].fc.weight[1:])


@pytest.mark.parametrize('load', [load_state_dict, nn.Module.load_state_dict])
@pytest.mark.parametrize('rows', [2, 3, 5])
def test_clips_of_another_length(load, rows):
    def build(num_frames):
        return AllInOneViT(num_frames=num_frames, img_size=32, embed_dims=8,
                           num_heads=2, num_layers=1)

    source, model = build(rows), build(3)
    nn.init.normal_(source.time_embed)
    load(model, source.state_dict())
    kept = min(rows, 3)
    assert torch.equal(model.time_embed[:, :kept], source.time_embed[:, :kept])
    assert not model.time_embed[:, kept:].any()
    assert torch.equal(model.pos_embed, source.pos_embed)
