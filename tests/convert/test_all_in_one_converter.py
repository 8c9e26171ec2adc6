from pathlib import Path

import pytest
import torch
from lightning_file import read_state_dict
from warm_process import run_script

SCRIPT = (
    Path(__file__).resolve().parents[2] / 'tools' / 'convert' /
    'all_in_one.py')


class Callback:
    """Stands for a class that only its author has."""

    def __init__(self):
        self.best = torch.ones(2)


class Config(dict):
    pass


class Steps(list):
    pass


class Destroyer:

    def __reduce__(self):
        return print, ('code of the file was run', )


@pytest.fixture
def official(all_in_one_fixture):
    fixture = torch.load(all_in_one_fixture, weights_only=True)
    return {**fixture['state_dict'], **fixture['extra_heads_state_dict']}


def run(*argv):
    return run_script(SCRIPT, *argv)


def load(path):
    return torch.load(path, weights_only=True)


def same(left, right):
    return left.keys() == right.keys() and all(
        torch.equal(left[key], right[key]) for key in left)


def test_lightning_file_is_read_without_running_it(official, tmp_path, capsys):
    config = Config(tasks=Steps(['mlm']), callback=Callback())
    config.frozen = True
    torch.save(
        dict(
            state_dict=official,
            hyper_parameters=config,
            callbacks={Callback: dict(seen={Callback})},
            destroyer=Destroyer()), tmp_path / 'in.ckpt')
    weights = read_state_dict(tmp_path / 'in.ckpt')
    assert same(weights, official)
    assert 'code of the file' not in capsys.readouterr().out


def test_objects_among_the_weights_are_refused(official, tmp_path):
    official['pooler.dense.bias'] = Callback()
    torch.save(dict(state_dict=official), tmp_path / 'in.ckpt')
    with pytest.raises(ValueError, match='refused: asks for .*Callback'):
        read_state_dict(tmp_path / 'in.ckpt')


def test_there_and_back_with_meltr(load_fixture, tmp_path):
    official = load_fixture('all_in_one_train.pt')['init_state_dict']
    torch.save(
        dict(state_dict=official, hyper_parameters=Config(a=1)),
        tmp_path / 'in.ckpt')
    result = run(tmp_path / 'in.ckpt', tmp_path / 'ours.pth')
    assert result.returncode == 0, result.stderr
    ours = load(tmp_path / 'ours.pth')['state_dict']
    assert torch.equal(ours['meltr.fc1.weight'],
                       official['aux_model.fc1.weight'])
    assert torch.equal(
        ours['model.heads.itc.text_proj.bias'], official['txt_proj.bias'])
    run(tmp_path / 'ours.pth', tmp_path / 'back.pt', '--to-official')
    assert same(load(tmp_path / 'back.pt'), official)


def test_num_frames(official, tmp_path):
    torch.save(official, tmp_path / 'in.pt')
    rows = official['transformer.temporal_embed']
    for count, expected in ((2, rows[:, :2]),
                            (5, torch.cat([rows, 0 * rows[:, :2]], dim=1))):
        result = run(tmp_path / 'in.pt', tmp_path / 'out.pth', '--num-frames',
                     count)
        assert result.returncode == 0, result.stderr
        ours = load(tmp_path / 'out.pth')['state_dict']
        assert torch.equal(ours['vit.time_embed'], expected)


def test_unknown_keys_end_in_one_line(tmp_path):
    torch.save({'visual.conv1.weight': torch.zeros(1)}, tmp_path / 'in.pt')
    result = run(tmp_path / 'in.pt', tmp_path / 'out.pth')
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert 'in.pt' in last and 'visual.conv1.weight' in last
    assert not (tmp_path / 'out.pth').exists()
    assert '--num-frames' in run('--help').stdout
