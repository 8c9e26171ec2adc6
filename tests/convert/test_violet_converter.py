import pytest
import torch
import violet
from mmengine.config import Config

from meltr_mm.models.violet.checkpoint import from_official


def run(*argv):
    violet.main([str(a) for a in argv])


@pytest.fixture
def official(violet_fixture):
    return torch.load(violet_fixture, weights_only=True)['state_dict']


def test_there_and_back(every_violet_fixture, tmp_path, capsys):
    official = torch.load(
        every_violet_fixture, weights_only=True)['state_dict']
    torch.save(official, tmp_path / 'in.pt')
    run(tmp_path / 'in.pt', tmp_path / 'ours.pth')
    ours = torch.load(tmp_path / 'ours.pth', weights_only=True)
    assert 'vtm_head.3.bias' in ours['state_dict']
    assert 'entries, 0 dropped' in capsys.readouterr().out
    run(tmp_path / 'ours.pth', tmp_path / 'back.pt', '--to-official')
    back = torch.load(tmp_path / 'back.pt', weights_only=True)
    assert list(back) == list(official)
    assert all(torch.equal(back[key], official[key]) for key in official)


def test_matching_head_of_pretraining_may_be_left_out(
        fixture_path, tmp_path, capsys):
    official = torch.load(
        fixture_path('violet_retrieval_a.pt'), weights_only=True)['state_dict']
    torch.save(official, tmp_path / 'in.pt')
    run(tmp_path / 'in.pt', tmp_path / 'ours.pth', '--random-matching-head')
    assert '4 dropped' in capsys.readouterr().out
    ours = torch.load(tmp_path / 'ours.pth', weights_only=True)['state_dict']
    assert set(from_official(official)) - set(ours) == {
        f'vtm_head.{layer}.{kind}'
        for layer in (1, 3) for kind in ('weight', 'bias')
    }


def test_fine_tuned_matching_head_is_always_kept(official):
    kept = from_official(official, random_matching_head=True)
    assert list(kept) == list(from_official(official))


def test_wrapped_checkpoint_goes_back(official, tmp_path):
    wrapped = {f'model.{k}': v for k, v in from_official(official).items()}
    wrapped['meltr.fc1.weight'] = torch.zeros(1, 32)
    torch.save(dict(state_dict=wrapped), tmp_path / 'wrapped.pth')
    run(tmp_path / 'wrapped.pth', tmp_path / 'back.pt', '--to-official')
    assert set(torch.load(tmp_path / 'back.pt')) == set(official)


def test_config_check_names_what_does_not_fit(official, tmp_path):
    del official['fc_oe.3.bias']
    torch.save(official, tmp_path / 'in.pt')
    Config(dict(model=dict(
        type='MELTRWrapper',
        model=dict(
            type='Violet',
            task=dict(type='VioletOpenEndedQA', num_answers=7),
            video_encoder=dict(
                swin=dict(
                    arch=dict(
                        embed_dims=8, depths=[2, 2, 4, 2],
                        num_heads=[1, 2, 2, 4]),
                    window_size=(2, 5, 5))),
            bert=dict(
                vocab_size=130, hidden_size=64, num_hidden_layers=2,
                num_attention_heads=4, intermediate_size=96,
                max_position_embeddings=40),
            num_codes=40)))).dump(tmp_path / 'config.py')
    with pytest.raises(SystemExit) as error:
        run(tmp_path / 'in.pt', tmp_path / 'out.pth', '--config',
            tmp_path / 'config.py')
    message = str(error.value)
    assert '1 missing: task.answer_head.3.bias' in message
    assert 'task.answer_head.3.weight (11, 128) instead of (7, 128)' in message
    assert not (tmp_path / 'out.pth').exists()


@pytest.mark.parametrize('content, message', [
    ({'visual.conv1.weight': torch.zeros(1)}, 'visual.conv1.weight'),
    ({'epoch': 3}, "a dict with the keys ['epoch']"),
    (torch.zeros(3), 'a Tensor'),
    (pytest.raises, 'refused: asks for _pytest.'),
])
def test_wrong_files(content, message, tmp_path):
    torch.save(content, tmp_path / 'in.pt')
    with pytest.raises(SystemExit) as error:
        run(tmp_path / 'in.pt', tmp_path / 'out.pth')
    assert message in str(error.value)
    assert '\n' not in str(error.value)


def test_absent_and_foreign_files(tmp_path):
    with pytest.raises(SystemExit, match='there is no such file'):
        run(tmp_path / 'in.pt', tmp_path / 'out.pth')
    (tmp_path / 'text.pt').write_text('no weights')
    with pytest.raises(SystemExit, match='text.pt: cannot be read as a'):
        run(tmp_path / 'text.pt', tmp_path / 'out.pth')
