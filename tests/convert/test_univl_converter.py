import command
import pytest
import torch

from meltr_mm.models.univl.checkpoint import from_official, to_official


def run(*argv):
    command.run('UniVL', from_official, to_official, [str(a) for a in argv])


@pytest.fixture
def official(univl_fixture):
    return torch.load(univl_fixture, weights_only=True)['state_dict']


def test_there_and_back(official, tmp_path, capsys):
    torch.save(official, tmp_path / 'in.bin')
    run(tmp_path / 'in.bin', tmp_path / 'ours.pth')
    # Four entries of unused poolers, five second names.
    assert 'entries, 9 dropped' in capsys.readouterr().out
    ours = torch.load(tmp_path / 'ours.pth', weights_only=True)
    assert 'decoder.layers.0.cross_attention.query.bias' in ours['state_dict']
    run(tmp_path / 'ours.pth', tmp_path / 'back.bin', '--to-official')
    assert 'entries, 5 added' in capsys.readouterr().out
    back = torch.load(tmp_path / 'back.bin', weights_only=True)
    poolers = {f'{part}.pooler.dense.{name}' for part in ('bert', 'visual')
               for name in ('weight', 'bias')}
    assert set(back) == set(official) - poolers
    assert all(torch.equal(back[key], official[key]) for key in back)


def test_shared_parameters_must_be_equal(official, tmp_path):
    official['cls_visual.predictions.weight'] = torch.zeros(32, 24)
    torch.save(official, tmp_path / 'in.bin')
    with pytest.raises(SystemExit) as error:
        run(tmp_path / 'in.bin', tmp_path / 'ours.pth')
    message = str(error.value)
    assert "['cls_visual.predictions.weight'] differ from" in message
    assert 'visual.embeddings.word_embeddings.weight' in message
    assert not (tmp_path / 'ours.pth').exists()


def test_unknown_key_is_named(official, tmp_path):
    official['module.bert.pooler.dense.weight'] = torch.zeros(1)
    torch.save(official, tmp_path / 'in.bin')
    with pytest.raises(SystemExit, match='module.bert.pooler.dense.weight'):
        run(tmp_path / 'in.bin', tmp_path / 'ours.pth')
