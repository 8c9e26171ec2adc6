import pytest
import torch
from torch import nn

from meltr_mm.models.layers import KeyMap, compare_state_dict, load_strict

TABLE = {
    'enc.layer.{}.{}': 'layers.{}.{}',
    'head.1.weight': 'head.weight',
    'step': None
}


def test_renames_and_drops():
    keys = KeyMap(TABLE, 'toy')
    assert keys('enc.layer.3.bias') == 'layers.3.bias'
    assert keys('head.1.weight') == 'head.weight'
    assert keys('step') is None


def test_placeholder_stops_at_a_dot():
    with pytest.raises(ValueError, match='enc.layer.3.self.bias'):
        KeyMap(TABLE, 'toy')('enc.layer.3.self.bias')


def test_round_trip():
    keys = KeyMap(TABLE, 'toy')
    weights = {'enc.layer.0.weight': torch.ones(2), 'step': torch.ones(1)}
    ours = keys.rename(weights)
    assert list(ours) == ['layers.0.weight']
    assert list(keys.inverse().rename(ours)) == ['enc.layer.0.weight']


def test_every_unknown_key_is_named():
    with pytest.raises(ValueError, match="'toy'.* 2: a.b, c"):
        KeyMap(TABLE, 'toy').rename({'a.b': 0, 'step': 0, 'c': 0})


def test_ambiguous_table_is_refused():
    with pytest.raises(ValueError, match=r"\['x'\]"):
        KeyMap({'a': 'x', 'b': 'x'}, 'toy')


def test_strict_load_names_all_differences_and_loads_nothing():
    model = nn.Linear(2, 3)
    before = model.bias.clone()
    wrong = {'bias': torch.zeros(4), 'extra': torch.zeros(1)}
    report = compare_state_dict(model, wrong)
    assert report.missing == ['weight']
    assert report.unexpected == ['extra']
    assert report.reshaped == ['bias (4,) instead of (3,)']
    with pytest.raises(ValueError, match='1 missing: weight; 1 unexpected: '
                       'extra; 1 reshaped: bias'):
        load_strict(model, wrong)
    assert torch.equal(model.bias, before)


def test_strict_load_of_a_fitting_state_dict():
    model, other = nn.Linear(2, 3), nn.Linear(2, 3)
    load_strict(model, other.state_dict())
    assert torch.equal(model.weight, other.weight)
    assert str(compare_state_dict(model, other.state_dict())) == (
        'every key and shape fits')
