"""tools/analysis/suggest.py says of a config's losses what is true."""
import re
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import DATASETS, MODELS
from shared_trunk import SharedTrunk, batch
from torch import nn
from torch.utils.data import Dataset

TOOL = str(Path(__file__).parents[2] / 'tools' / 'analysis' / 'suggest.py')
CONFIG = """
default_scope = 'mmaction'
custom_imports = dict(imports=['meltr_mm'], allow_failed_imports=False)
model = dict(type='SuggestedTo')
train_dataloader = dict(
    batch_size=4, num_workers=2, persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='EightNumbers'))
"""


@DATASETS.register_module()
class EightNumbers(Dataset):
    metainfo = {}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {k: v[0] for k, v in batch(
            index, 1, torch.float32).items()}


@MODELS.register_module()
class SuggestedTo(SharedTrunk):
    """One loss against the first, one without a graph, a head that is idle."""

    def __init__(self):
        super().__init__()
        self.idle = nn.Linear(2, 2)

    def forward(self, inputs, targets=None, mode='tensor'):
        losses = super().forward(inputs, targets, mode)
        losses['loss_against'] = -2 * losses['loss_a']
        losses['loss_constant'] = losses['loss_b'].detach()
        losses['accuracy'] = torch.ones(())
        return losses


def run(tmp_path, capsys, monkeypatch, *options):
    (tmp_path / 'small.py').write_text(CONFIG)
    monkeypatch.setattr(
        sys, 'argv', [TOOL, str(tmp_path / 'small.py'), *options])
    runpy.run_path(TOOL, run_name='__main__')
    return capsys.readouterr().out


def test_what_it_says(tmp_path, capsys, monkeypatch):
    out = run(tmp_path, capsys, monkeypatch)
    rows = {line.split()[0]: line.split() for line in out.splitlines()
            if line.startswith('loss_')}
    assert set(rows) == {'loss_a', 'loss_b', 'loss_c', 'loss_against',
                         'loss_constant'}
    assert rows['loss_a'][-1] == 'primary'
    assert rows['loss_a'][3] == '1.00'
    assert rows['loss_against'][3] == '-1.00'
    assert float(rows['loss_against'][2]) == pytest.approx(
        2 * float(rows['loss_a'][2]), rel=1e-2)
    assert 'no graph' in ' '.join(rows['loss_constant'])
    assert '8 of 10 trained tensors' in out
    assert 'No loss reaches 2 tensors, such as idle.weight' in out
    assert re.search(r"would take 'jvp' and \d+\.\d times", out)
    assert "type='MELTRWrapper'" in out and "primary='loss_a'" in out


def test_another_primary(tmp_path, capsys, monkeypatch):
    out = run(tmp_path, capsys, monkeypatch, '--primary', 'loss_c')
    assert "primary='loss_c'" in out
    with pytest.raises(SystemExit, match="must be one of .*'loss_a'"):
        run(tmp_path, capsys, monkeypatch, '--primary', 'loss_x')


@pytest.mark.parametrize('config, message', [
    (None, r'gone\.py'),
    ('model = dict()', r'other\.py: has no train_dataloader'),
    ("_base_ = './small.py'\ntrain_dataloader = dict(dataset=dict("
     "_delete_=True, type='CsvVideoTextDataset', task='qa', "
     "ann_file='nothing.csv'))", r'nothing\.csv'),
])
def test_what_is_not_there_is_one_line(config, message, tmp_path, monkeypatch):
    (tmp_path / 'small.py').write_text(CONFIG)
    name = tmp_path / ('gone.py' if config is None else 'other.py')
    if config is not None:
        name.write_text(config)
    monkeypatch.setattr(sys, 'argv', [TOOL, str(name)])
    with pytest.raises(SystemExit, match=message) as stop:
        runpy.run_path(TOOL, run_name='__main__')
    assert len(str(stop.value).splitlines()) == 1
