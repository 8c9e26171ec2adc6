"""The page of a run: what is on it, and that text of the run stays text."""
import re
import runpy
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.registry import RUNNERS
from PIL import Image
from shared_trunk import SharedTrunk, batch
from torch.utils.data import Dataset

from meltr_mm import health

ROOT = Path(__file__).parents[2]
TOOL = str(ROOT / 'tools' / 'analysis' / 'report.py')
HOSTILE = '<img src=x onerror=alert(1)>&"\''


@DATASETS.register_module(force=True)
class ReportData(Dataset):

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return {k: v[0] for k, v in batch(index, 1, torch.float32).items()}


@METRICS.register_module(force=True)
class ReportMetric(BaseMetric):
    """A score, with what it is worth."""
    default_prefix = HOSTILE

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(majority=12.5, score=43.75)


@pytest.fixture(scope='module')
def work_dir(tmp_path_factory):
    """A run of two iterations, with a sample and warnings in its log."""
    folder = tmp_path_factory.mktemp('run')
    MODELS.register_module('ReportModel', force=True, module=SharedTrunk)
    loader = dict(dataset=dict(type='ReportData'), batch_size=2,
                  num_workers=0, collate_fn=dict(type='default_collate'),
                  sampler=dict(type='DefaultSampler', shuffle=False))
    RUNNERS.build(Config(dict(
        runner_type='BriefRunner',
        custom_imports=dict(imports=['meltr_mm']),
        default_scope='mmaction',
        experiment_name='report',
        work_dir=str(folder),
        model=dict(
            type='MELTRWrapper', model=dict(type='ReportModel'),
            losses=['loss_a', 'loss_b'], primary='loss_b',
            meltr=dict(type='MELTR', hidden_dims=(8, 16),
                       feedforward_dim=16)),
        train_dataloader=loader, val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=1),
        val_cfg=dict(type='ValLoop'),
        val_evaluator=dict(type='ReportMetric'),
        custom_hooks=[dict(type='TaskWeightPlotHook')],
        visualizer=dict(type='Visualizer', vis_backends=[
            dict(type='LocalVisBackend')]),
        optim_wrapper=dict(
            type='AIDOptimWrapper', constructor='AIDOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=1e-2),
            meta_optimizer=dict(type='Adam', lr=1e-2))))).train()
    log, = folder.glob('*/*.log')
    with log.open('a') as file:
        for text in (health.STUCK.format(updates=100), HOSTILE):
            file.write(f'2026/01/01 00:00:00 - mmengine - WARNING - {text}\n')
    (folder / 'samples').mkdir()
    Image.new('RGB', (2, 2)).save(folder / 'samples' / 'test_0.png')
    (folder / 'samples' / 'test_1.png').write_bytes(b'"><script>')
    return folder


class Page(HTMLParser):
    """Tags, text, and addresses."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ''
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes
                           if name in ('src', 'href')]
        assert not any(name.startswith('on') for name, _ in attributes)

    def handle_data(self, data):
        self.text += data


def report(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', [TOOL, *map(str, arguments)])
    monkeypatch.syspath_prepend(str(Path(TOOL).parent))
    runpy.run_path(TOOL, run_name='__main__')


def test_report_of_a_run(work_dir, monkeypatch, capsys):
    base = work_dir.parent / 'base.py'
    dump, = work_dir.glob('*/vis_data/config.py')
    base.write_text(dump.read_text().replace('lr=0.01', 'lr=0.5', 1))
    report(monkeypatch, work_dir, '--base', base)
    path = work_dir / 'report.html'
    assert str(path) in capsys.readouterr().out
    page = Page(path.read_text())
    # Its own pictures, nothing else, and no markup of the run's.
    assert page.tags.count('img') == 3 and 'script' not in page.tags
    assert all(address.startswith('data:image/png;base64,')
               for address in page.addresses)
    assert HOSTILE + '/score' in page.text
    assert page.text.index('/score') < page.text.index('/majority')
    warnings = page.text.split('Warnings')[1].split('Samples')[0]
    assert 'have not moved for 100 iterations' in warnings.split('Others')[0]
    assert HOSTILE in warnings.split('Others')[1]
    changes = page.text.split('Changed in respect of')[1].split('The whole')[0]
    assert re.search(r'optim_wrapper\.\w*optimizer\.lr0\.50\.01', changes)
    assert changes.count('.lr') == 1
    for text in ('43.75', 'loss_b (primary)', 'test_1.png is no PNG',
                 torch.__version__, '--resume', 'tools/test.py',
                 'tools/demo.py', 'primary loss is loss_b'):
        assert text in page.text, text


@pytest.mark.parametrize('name, option', [
    ('violet_msvdqa', "--question 'what moves?'\n"),
    ('violet_tgif_action', '--options'),
    ('all_in_one_msrvtt_mc', '--options'),
    ('univl_msrvtt7k_retrieval', '--query'),
    ('univl_msrvtt_captioning', '--caption'),
    ('univl_mosi', '--sentiment'),
])
def test_it_is_asked_what_it_was_trained_for(name, option, work_dir,
                                             monkeypatch, tmp_path):
    shutil.copytree(work_dir, tmp_path / 'run')
    dump, = (tmp_path / 'run').glob('*/vis_data/config.py')
    Config.fromfile(ROOT / f'configs/meltr_{name}.py').dump(dump)
    report(monkeypatch, tmp_path / 'run')
    text = Page((tmp_path / 'run' / 'report.html').read_text()).text
    assert option in text.split('tools/demo.py')[1].split('#')[0]


def test_what_is_no_run(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='must have a log'):
        report(monkeypatch, tmp_path)
