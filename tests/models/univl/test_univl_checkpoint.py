import copy

import pytest
import torch
from mmaction.registry import MODELS

from meltr_mm.models.layers import compare_state_dict
from meltr_mm.models.univl.checkpoint import (
    ALIASES,
    from_official,
    to_official,
)


def test_published_checkpoint_fits_the_default_sizes(official):
    with torch.device('meta'):
        model = MODELS.build(
            dict(type='UniVL', task=dict(type='UniVLRetrieval')))
    report = compare_state_dict(model, from_official(official))
    assert report.ok, str(report)
    # Distinct scalars of the official model, without its unused poolers.
    poolers = 2 * (768 * 768 + 768)
    assert sum(p.numel() for p in model.parameters()) + poolers == 199535989


def test_round_trip_of_the_full_key_list(official):
    assert len(official) == 444
    back = to_official(from_official(official))
    poolers = {key for key in official
               if key.split('.')[:2] in (['bert', 'pooler'],
                                         ['visual', 'pooler'])}
    assert len(poolers) == 4
    assert set(back) == set(official) - poolers
    for key, value in back.items():
        assert value is official[ALIASES.get(key, key)]
        assert value.shape == official[key].shape


def test_old_layer_norm_names(official):
    old = copy.copy(official)
    for name, new in (('gamma', 'weight'), ('beta', 'bias')):
        old[f'cross.embeddings.LayerNorm.{name}'] = old.pop(
            f'cross.embeddings.LayerNorm.{new}')
    assert set(from_official(old)) == set(from_official(official))


def test_files_without_decoder_and_heads(official):
    partial = {key: value for key, value in official.items()
               if not key.startswith(('decoder', 'cls'))}
    ours = from_official(partial)
    assert 'text_encoder.embeddings.word_embeddings.weight' in ours
    assert not any(key.startswith(('decoder', 'word_head')) for key in ours)


def test_other_models_are_refused():
    with pytest.raises(ValueError, match='enc_img.swin.norm.weight'):
        from_official({'enc_img.swin.norm.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='backbone.conv1.weight'):
        to_official({'backbone.conv1.weight': torch.zeros(1)})
