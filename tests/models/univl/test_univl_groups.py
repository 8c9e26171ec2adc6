"""The parameter groups of UniVL's recipes.

The recorded official training is replayed by tools/convert/parity.py.
"""
import sys
from pathlib import Path

import pytest
from mmaction.registry import MODELS
from mmengine.optim import build_optim_wrapper

from meltr_mm.models.univl.checkpoint import UNIVL_KEYS

sys.path.insert(
    0, str(Path(__file__).resolve().parents[3] / 'tools' / 'convert'))
from parity_checks.univl_training import DECAY_GROUPS  # noqa: E402


def test_official_groups(load_fixture, config):
    """Decay and learning rate of each parameter, the text branch apart."""
    expected = {}
    for group in load_fixture('univl_extra.pt')['optimizer_groups']:
        for name in group['names']:
            expected[UNIVL_KEYS(name)] = group['lr'], group['weight_decay']
    expected.pop(None)  # the unused poolers
    # As the fixture's, but for the number of layers.
    config['bert']['num_hidden_layers'] = 1 + max(
        int(name.split('.')[3]) for name in expected
        if name.startswith('text_encoder.layers'))
    config['decoder_layers'] = 1
    model = MODELS.build(config)
    rate = dict(lr_mult=0.5)
    plain = dict(rate, decay_mult=0.)
    # The longest key that is part of a name counts.
    text = {
        'text_encoder': rate,
        'text_encoder.embeddings.LayerNorm': plain,
        **{
            f'text_encoder.layers.layer.{i}.{part}': plain
            for i in range(config['bert']['num_hidden_layers'])
            for part in ('attention.self.query.bias',
                         'attention.self.key.bias',
                         'attention.self.value.bias',
                         'attention.output.dense.bias',
                         'attention.output.LayerNorm',
                         'intermediate.dense.bias', 'output.dense.bias',
                         'output.LayerNorm')
        }
    }
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='BertAdam', lr=1e-4, weight_decay=0.01),
            paramwise_cfg=dict(
                DECAY_GROUPS,
                custom_keys={**DECAY_GROUPS['custom_keys'], **text})))
    names = {id(p): name for name, p in model.named_parameters()}
    groups = {
        names[id(group['params'][0])]: pytest.approx(
            (group['lr'], group['weight_decay']))
        for group in wrapper.optimizer.param_groups
    }
    assert groups == expected
