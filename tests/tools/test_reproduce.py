"""The way to a published number: what is said of it, and to its end."""
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from meltr_mm.models.violet.checkpoint import to_official
from meltr_mm.models.violet.dvae_encoder import _KEYS, DVAEEncoder

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'tests' / 'docs')]
import reproduce  # noqa: E402
from test_commands import start  # noqa: E402

NAMES = [file.stem[len('meltr_'):] for file in sorted(
    (ROOT / 'configs' / 'official').glob('meltr_*.py'))]


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in this process; exit status and what it prints."""
    monkeypatch.chdir(tmp_path)
    for name in ('tools', 'configs'):
        (tmp_path / name).symlink_to(ROOT / name)
    # Paths of the commands as in the root of the repository.
    monkeypatch.setattr(reproduce, 'ROOT', tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, 'argv', ['reproduce.py', *words])
        try:
            reproduce.main()
        except SystemExit as stop:
            return stop.code, ''.join(capsys.readouterr())
        return 0, capsys.readouterr().out

    return run


def test_every_official_config_has_its_steps(command):
    assert sorted(reproduce.PAPER) == NAMES
    for name in NAMES:
        status, said = command(name)
        assert status == 0 and '(done)' not in said
        titles = re.findall(r'^(\d+)\. (.*)$', said, re.M)
        assert [int(n) for n, _ in titles] == list(range(1, len(titles) + 1))
        kinds = {'all': {'training'}, 'uni': {'features'},
                 'vio': {'frames', 'codes'}}[name[:3]]
        assert kinds | {
            'annotations', 'whether everything is there',
            'weights to start from', 'training', 'test'} <= {
                title for _, title in titles}
        for script in re.findall(r'tools/[\w/]+\.(?:py|sh)', said):
            assert (ROOT / script).is_file()
        # The load_from of the training is what the converter writes.
        weights = re.search(r'load_from=(\S+)', said)[1]
        assert f' {weights}' in said.split('load_from')[0]
        assert ('dist_train.sh' in said) == ('8 GPUs' in said)
        assert ('47.86' in said) == (name == 'violet_msvdqa')


def test_what_the_authors_extracted_is_taken_over(command, tmp_path):
    data = tmp_path / 'data' / 'youcook2'
    data.mkdir(parents=True)
    for file in ('train.csv', 'val.csv', 'data.no_transcript.pickle'):
        (data / f'youcookii_{file}').touch()
    _, said = command('univl_youcook2_retrieval')
    assert '1. annotations (done)\n' in said and '2. features\n' in said
    features = 'youcookii_videos_features.pickle'
    (tmp_path / 'downloads' / 'youcook2' / 'zip').mkdir(parents=True)
    (tmp_path / 'downloads' / 'youcook2' / 'zip' / features).touch()
    _, said = command('univl_youcook2_retrieval')
    assert '1. annotations\n' in said
    (data / features).touch()  # as prepare.py does
    _, said = command('univl_youcook2_retrieval')
    assert '1. annotations (done)\n' in said
    assert '2. features (done)\n' in said


def test_names_and_figures(command):
    _, said = command()
    assert re.search('^violet_msvdqa +accuracy_known 51.7$', said, re.M)
    assert said.count("in the paper's table of TGIF-QA") == 3


def test_figures_are_those_of_the_headers():
    for name, figures in reproduce.PAPER.items():
        header = reproduce.header_of(
            ROOT / 'configs' / 'official' / f'meltr_{name}.py')
        paper = re.search(r'Paper: (.*?) Differs', header)
        # Of MOSI the sentence after it is another one.
        paper = paper[1] if paper else header
        ours = reproduce.header_of(ROOT / 'configs' / f'meltr_{name}.py')
        ours = re.search('Paper.*', ours)[0]
        for figure in figures.values():
            assert re.search(rf'\b{figure:g}\b', paper), (name, figure)
            assert re.search(rf'\b({figure:g}|{figure / 100:.2f})\b', ours)


def small_config(path):
    """A toy VIOLET that reads extracted frames, with two updates."""
    path.write_text("""
_base_ = 'configs/toy/meltr_violet_msvdqa.py'
data_root = 'toy/msvd'
img_file = '${data_root}/img_msvd.pkl'
vq_file = '${data_root}/vq.pkl'
model = dict(
    model=dict(
        # Laid out as the published one.
        video_encoder=dict(swin=dict(
            _delete_=True, type='FramewiseSwin3D', window_size=(2, 3, 3),
            arch=dict(embed_dims=4, depths=[1] * 4, num_heads=[1] * 4))),
        bert=dict(hidden_size=32, num_attention_heads=2)),
    losses=['loss_qa', 'loss_mtm', 'loss_mvm'])
train_dataloader = dict(batch_size=8)
optim_wrapper = dict(begin=2)
param_scheduler = None
train_cfg = dict(max_epochs=1)
work_dir = 'work'
""")
    return Config.fromfile(path)


def publish(cfg, folder):
    """What the authors would have published, for the model of a config."""
    torch.manual_seed(0)
    weights = to_official(MODELS.build(cfg.model.model).state_dict())

    def only(name, *without):
        return {re.sub(f'^{name}', 'fc', key): value
                for key, value in weights.items()
                if not key.startswith(without)}

    folder.mkdir()
    torch.save(only('fc_vtm', 'fc_oe'), folder / 'ckpt_violet_pretrain.pt')
    torch.save(only('fc_oe', 'fc_vtm', 'fc_mtm', 'fc_mvm'),
               folder / 'ckpt_violet_msvd-qa.pt')
    encoder = DVAEEncoder(4, cfg.num_codes)
    torch.save(_KEYS.inverse().rename(encoder.state_dict()),
               folder / 'encoder.pkl')


def test_an_interrupted_step_is_quiet(tmp_path, capfd):
    """Steps that are scripts, and what they import from beside them."""
    (tmp_path / 'beside.py').write_text('raise KeyboardInterrupt')
    (tmp_path / 'step.py').write_text('import beside')
    assert reproduce.execute(['python', str(tmp_path / 'step.py')])
    assert capfd.readouterr().err == ''
    (tmp_path / 'beside.py').write_text('raise ValueError("wrong")')
    assert reproduce.execute(['python', str(tmp_path / 'step.py')]) == 1
    assert 'ValueError: wrong' in capfd.readouterr().err


def test_to_its_end(command, tmp_path, toy_root, monkeypatch):
    shutil.copytree(
        toy_root, tmp_path / 'toy' / 'msvd',
        ignore=shutil.ignore_patterns('img_*', '*_vq.pkl'))
    cfg = small_config(tmp_path / 'small.py')
    publish(cfg, tmp_path / 'downloads')
    seen = []

    def execute(words):
        seen.append(Path(words[1]).name)
        with monkeypatch.context() as patch:
            try:
                start(patch, words[1], words[2:])
            except SystemExit as stop:
                return stop.code if isinstance(stop.code, int) else 1
        return 0

    monkeypatch.setattr(reproduce, 'execute', execute)
    words = ('violet_msvdqa', '--run', '--config', 'small.py')
    # The authors' model is untrained here and has another figure.
    status, said = command(*words)
    assert 'step 7 of 9 (its test, published: 47.86): the authors' in status
    assert 'annotations: done' in said and seen == [
        'extract_frames.py', 'extract_vq.py', 'check.py', 'violet.py',
        'violet.py', 'test.py']

    # Interrupted before anything was saved, and then gone on with.
    del seen[:]

    def interrupted(words):
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduce, 'execute', interrupted)
    status, said = command(*words, '--no-gate')
    assert status == 130 and said.count(': done') == 5
    assert said.endswith('\nInterrupted in step 6 of 7 (training); the same '
                         'command goes on there\n')

    monkeypatch.setattr(reproduce, 'execute', execute)
    status, said = command(*words, '--no-gate')
    assert status == 0, (status, said)
    assert seen == ['train.py', 'test.py']
    result = json.loads(
        next((tmp_path / 'work' / 'test').glob('*/*.json')).read_text())
    for metric, paper in (('qa/accuracy', '-'), ('qa/accuracy_known', '51.7'),
                          ('qa/ceiling', '-')):
        assert re.search(
            rf'^{metric} +{result[metric]:.2f} +{paper}  ', said, re.M), said
    # Nothing is left to do.
    status, said = command(*words, '--no-gate')
    assert seen == ['train.py', 'test.py'] and said.count(': done') == 7
