"""Every shipped config: its twin, its depth, and what its options reach."""
import json
import re
from pathlib import Path

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config

from meltr_mm.config import completed

ROOT = Path(__file__).resolve().parents[2]
FULL = sorted((ROOT / 'configs').glob('meltr_*.py'))
TOY = sorted((ROOT / 'configs' / 'toy').glob('meltr_*.py'))
OFFICIAL = sorted((ROOT / 'configs' / 'official').glob('meltr_*.py'))


def test_each_config_has_its_toy_twin():
    assert FULL and [f.name for f in FULL] == [f.name for f in TOY]


@pytest.mark.parametrize('file', TOY, ids=lambda f: f.stem)
def test_toy_config_builds(file):
    model = MODELS.build(Config.fromfile(str(file)).model)
    assert model.meltr.num_tasks == len(model.losses)


def test_only_what_is_noisy_is_averaged():
    """MMEngine's own pattern finds `time` in `sentiment`."""
    base = ROOT / 'configs' / '_base_' / 'default_runtime.py'
    pattern = Config.fromfile(str(base)).log_processor.mean_pattern
    names = ['loss', 'loss_qa', 'time', 'data_time', 'grad_norm',
             'meta_grad_norm', 'meta_objective', 'sentiment/MAE',
             'qa/accuracy', 't2i/retrieval/R@1']
    assert [name for name in names if re.search(pattern, name)] == names[:7]


def bases(file):
    """How many files deep a config is, and of which files it consists."""
    paths = [(file.parent / base).resolve()
             for base in Config._get_base_files(str(file))]
    below = [bases(path) for path in paths]
    depth = 1 + max((depth for depth, _ in below), default=0)
    return depth, {file}.union(*(files for _, files in below))


def test_a_reader_has_few_files_to_open():
    for file in FULL + TOY + OFFICIAL:
        depth, files = bases(file)
        assert depth <= 4 and len(files) <= 6, (file, files)
    assert len(FULL + TOY) + len(
        list((ROOT / 'configs' / '_base_').rglob('*.py'))) <= 50


def paths_in(cfg):
    """Every text of a config that looks like a file or folder of data."""
    text = json.dumps(cfg.to_dict())
    return set(re.findall(r'"((?:data|/moved)/[^"]*)"', text))


@pytest.mark.parametrize('file', FULL + TOY + OFFICIAL,
                         ids=lambda f: f'{f.parent.name}-{f.stem}')
def test_one_option_reaches_every_place(file):
    cfg = Config.fromfile(str(file))
    cfg.work_dir = 'unused'
    before = paths_in(completed(cfg))
    assert before and all(path.startswith('data/') for path in before)
    root = cfg.data_root
    cfg.merge_from_dict(dict(
        data_root='/moved/x', tokenizer='mine', max_length=7))
    kept = completed(cfg)
    assert paths_in(kept) == {
        path.replace(root, '/moved/x') for path in before}
    text = json.dumps(kept.to_dict())
    assert set(re.findall(r'"tokenizer": "([^"]*)"', text)) <= {
        'mine', 'plain'}
    assert set(re.findall(r'"max_length": (\w+)', text)) == {'7'}
    for key in ('feature_file', 'img_file', 'vq_file'):
        if key in cfg:
            cfg.merge_from_dict({key: '/moved/file'})
            text = json.dumps(completed(cfg).to_dict())
            assert set(re.findall(rf'"{key}": ([^,}}]+)', text)) == {
                '"/moved/file"'}, key


@pytest.mark.parametrize('file', FULL + TOY + OFFICIAL,
                         ids=lambda f: f'{f.parent.name}-{f.stem}')
def test_full_size_is_not_trained_from_nothing_by_accident(file):
    hook, = (hook for hook in Config.fromfile(str(file)).custom_hooks
             if hook.type == 'RunWarningsHook')
    assert bool(hook.starts_from) == (file not in TOY)


@pytest.mark.parametrize('file', [FULL[0], TOY[0]], ids=['full', 'toy'])
def test_the_environment_moves_all_data(file, monkeypatch):
    monkeypatch.setenv('MELTR_DATA', '/moved')
    cfg = Config.fromfile(str(file))
    cfg.work_dir = 'unused'
    paths = paths_in(completed(cfg))
    assert paths and all(path.startswith('/moved/') for path in paths)
