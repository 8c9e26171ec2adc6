"""docs/own_clips.md: its commands one after the other, on a dozen clips."""
import pickle
import re

import numpy as np
import pytest
import torch
from mmengine.config import Config
from pages import ROOT, blocks
from test_commands import commands_of, run_in_order, start

from meltr_mm.apis import s3d_features
from meltr_mm.datasets import CsvVideoTextDataset
from meltr_mm.models.univl.s3dg import S3DG
from meltr_mm.toyworld import write_own_clips

PAGE = ROOT / 'docs' / 'own_clips.md'
CONFIGS = sorted((ROOT / 'configs' / 'own').glob('*.py'))
# Added to the commands of the page, so that they take seconds.
QUICK = {
    'make_toyworld.py': ['--clips', '10', '1', '1'],
    'extract_s3d.py': ['--workers', '0', '--device', 'cpu'],
    'check.py': ['--jobs', '1'],
    'train.py': ['--cfg-options', 'train_cfg.max_epochs=1',
                 'train_cfg.val_interval=1',
                 'train_dataloader.batch_size=4'],
    'demo.py': ['--device', 'cpu'],
}


# What the configs are asked that the page does not train; UniVL by features.
ASKED = dict(
    violet_retrieval=('clip_1.mp4', '--query', 'a red square'),
    all_in_one_qa=('clip_1.mp4', '--question', 'what moves?'),
    all_in_one_retrieval=('clip_1.mp4', '--query', 'a red square'),
    univl_retrieval=('features.pickle:clip_1', '--query', 'a red square'),
    univl_captioning=('features.pickle:clip_1', '--caption'))


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with the configs and random weights of S3D, which sees less."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    torch.manual_seed(0)
    torch.save(S3DG().state_dict(), tmp_path / 's3d_howto100m.pth')
    encode = s3d_features.S3DFeatures.encode
    monkeypatch.setattr(
        s3d_features.S3DFeatures, 'encode',
        lambda self, clips: encode(self, clips[:, :, ::4, ::4]))
    return tmp_path


@pytest.fixture(scope='module')
def clips(tmp_path_factory):
    """A folder with the configs, a dozen clips and features of these."""
    folder = tmp_path_factory.mktemp('own')
    (folder / 'configs').symlink_to(ROOT / 'configs')
    write_own_clips(str(folder / 'data' / 'own'),
                    sizes=dict(train=10, val=1, test=1))
    rng = np.random.default_rng(0)
    (folder / 'data' / 'own' / 'features.pickle').write_bytes(pickle.dumps({
        f'clip_{number}': rng.normal(size=(2, 1024)).astype(np.float16)
        for number in range(1, 13)}))
    return folder


def test_commands_of_the_page(workplace, monkeypatch, capsys):
    commands = [command for block in blocks('bash', [PAGE])
                for command in commands_of(block) if command.script]
    for command in commands:
        command.words = [re.sub(r'epoch_\d+', 'epoch_1', word)
                         for word in command.words]
    printed = run_in_order(commands, QUICK, monkeypatch, capsys)
    assert {name: len(outputs) for name, outputs in printed.items()} == {
        'make_toyworld.py': 1, 'extract_s3d.py': 1, 'check.py': 2,
        'train.py': 3, 'test.py': 2, 'demo.py': 3}
    for checked in printed['check.py']:
        assert checked.endswith('everything is there\n')
        assert '10 clips read' in checked
    answers, found, rating = printed['demo.py']
    assert found.count('data/own/videos/clip_') >= 2
    assert answers.startswith('data/own/videos/clip_1.mp4\n')
    assert len(answers.splitlines()) == 6
    assert rating.split()[-1] in ('positive', 'negative')


def test_the_page_and_the_table_have_all():
    trained = set(re.findall(r'train\.py configs/own/(\w+)', PAGE.read_text()))
    assert trained | set(ASKED) == {file.stem for file in CONFIGS}


@pytest.mark.parametrize('name', ASKED)
def test_the_other_configs_go_the_same_way(name, clips, monkeypatch, capsys):
    # METEOR takes seconds to start.
    monkeypatch.setattr('shutil.which', lambda name: None)
    monkeypatch.chdir(clips)
    config, run = f'configs/own/{name}.py', f'work_dirs/own/{name}'
    video, *asked = ASKED[name]
    folder = 'data/own' if ':' in video else 'data/own/videos'
    for script, words in (
        ('data/check.py', [config, *QUICK['check.py']]),
        ('train.py', [config, *QUICK['train.py']]),
        ('test.py', [config, f'{run}/epoch_1.pth']),
        ('demo.py', [f'{folder}/{video}', '--checkpoint',
                     f'{run}/epoch_1.pth', *asked, *QUICK['demo.py']])):
        capsys.readouterr()
        with monkeypatch.context() as patch:
            try:
                start(patch, f'tools/{script}', words)
            except SystemExit as stop:
                assert not stop.code, f'{script}: {stop.code}'
        said = capsys.readouterr().out
        if script == 'data/check.py':
            assert said.endswith('everything is there\n')
    assert len(said.splitlines()) >= 2


def test_a_missing_clip_is_told_with_its_csv(tmp_path, monkeypatch, capsys):
    write_own_clips(str(tmp_path / 'data' / 'own'),
                    sizes=dict(train=6, val=1, test=1))
    (tmp_path / 'data' / 'own' / 'videos' / 'clip_1.mp4').unlink()
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        start(patch, 'tools/data/check.py',
              ['configs/own/violet_qa.py', *QUICK['check.py']])
    said = capsys.readouterr().out
    assert ('videos/clip_1.mp4: missing, though data/own/questions.csv names '
            'it; put it there, or name it in `exclude_file`') in said


def test_configs_are_those_of_the_page():
    named = set(re.findall(r'`((?:violet|all_in_one|univl)_\w+)`',
                           PAGE.read_text()))
    assert named == {file.stem for file in CONFIGS}
    for file in CONFIGS:
        lines = [line for line in file.read_text().splitlines()
                 if line and not line.startswith('#')]
        assert len(lines) <= 20, file
        assert f'configs/own/{file.name}' in file.read_text()


@pytest.mark.parametrize('file', CONFIGS, ids=lambda file: file.stem)
def test_clips_are_dealt_to_each_split_once(file, clips, monkeypatch):
    """Also when one option deals anew: nothing trained on is tested."""
    monkeypatch.chdir(clips)
    dealt = set()
    for seed in 0, 1, 2:
        cfg = Config.fromfile(str(file))
        cfg.merge_from_dict({'train_set.seed': seed,
                             'train_set.held_out': 0.2})
        splits = []
        for loader in (cfg.train_dataloader, cfg.val_dataloader,
                       cfg.test_dataloader):
            options = dict(loader.dataset, pipeline=[])
            del options['type']
            videos = {row['video_id'] for row in CsvVideoTextDataset(
                **options)}
            splits.append(frozenset(videos))
        assert [len(videos) for videos in splits] == [8, 2, 2]
        assert len(frozenset.union(*splits)) == 12
        dealt.add(splits[-1])
    assert len(dealt) > 1


@pytest.mark.parametrize('file', CONFIGS, ids=lambda file: file.stem)
def test_without_the_small_model_it_is_the_published_one(file, tmp_path):
    """What its comment says: two lines are taken out."""
    small = Config.fromfile(str(file))
    text = file.read_text().replace("'../", f"'{ROOT}/configs/")
    text, count = re.subn(r".*/toy_.*\n|.*pop\('toy'\).*\n", '', text)
    (tmp_path / file.name).write_text(text)
    large = Config.fromfile(str(tmp_path / file.name))
    assert count == 2
    for cfg in (small, large):
        assert cfg.train_set.type == 'CsvVideoTextDataset'
        inputs, = cfg.train_set.pipeline
        assert inputs.get('img_file') is inputs.get('vq_file') is None
        assert cfg.train_dataloader.dataset == cfg.train_set
        assert 'meta_dataloader' not in cfg.optim_wrapper
    assert large.model.model.bert.hidden_size == 768
    assert small.model.model.bert.hidden_size <= 128
