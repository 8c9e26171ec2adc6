from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from meltr_mm.models.layers import compare_state_dict
from meltr_mm.models.violet.checkpoint import (
    from_official,
    to_official,
    violet_key_map,
)

ROOT = Path(__file__).resolve().parents[3]


def test_full_size_checkpoint_fits_the_full_config(official):
    path = ROOT / 'configs' / 'meltr_violet_msvdqa.py'
    config = Config.fromfile(path).model.model
    on_cpu = patch('torch.linspace', lambda *args, make=torch.linspace: make(
        *args, device='cpu'))
    with torch.device('meta'), on_cpu:
        model = MODELS.build(config)
    report = compare_state_dict(model, from_official(official))
    assert report.ok, str(report)


def test_round_trip_of_the_full_key_list(official):
    assert len(official) == 572
    back = to_official(from_official(official))
    assert list(back) == list(official)
    assert all(back[key] is value for key, value in official.items())


def test_pretraining_checkpoint(official):
    pretrained = {
        key.replace('fc_vtm', 'fc'): value
        for key, value in official.items() if not key.startswith('fc_oe')
    }
    pretrained['enc_txt.emb_txt.position_ids'] = torch.zeros(1, 512)
    ours = from_official(pretrained)
    assert 'vtm_head.1.weight' in ours
    assert not any('position_ids' in key for key in ours)
    del pretrained['enc_txt.emb_txt.position_ids']
    assert list(to_official(ours)) == list(pretrained)


def test_other_models_are_refused():
    with pytest.raises(ValueError, match='visual.conv1.weight'):
        from_official({'visual.conv1.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='backbone.conv1.weight'):
        to_official({'backbone.conv1.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match='pretrained'):
        violet_key_map('captioning')
