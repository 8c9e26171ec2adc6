"""The files that authors have published, as far as names and shapes.

Their tensors are one zero, expanded: a file of the published size takes a
few kilobytes.
"""
import sys
from pathlib import Path

import pytest
import torch

from meltr_mm.models.univl.checkpoint import from_official

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'


@pytest.fixture
def convert(tmp_path, monkeypatch, capsys):
    """Run a converter as its command does; what it wrote and printed."""

    def run(model, content, *options):
        torch.save(content, tmp_path / 'in.pt')
        output = tmp_path / 'out.pth'
        argv = [str(tmp_path / 'in.pt'), str(output), *map(str, options)]
        script = ROOT / 'tools' / 'convert' / f'{model}.py'
        monkeypatch.setattr(sys, 'argv', [str(script), *argv])
        code = compile(script.read_text(), str(script), 'exec')
        exec(code, dict(__name__='__main__', __file__=str(script)))
        written = torch.load(output, weights_only=True)
        return written['state_dict'], capsys.readouterr().out

    return run


def renamed(weights, **roots):
    """Rename or (None) drop parts of a file."""
    changed = {}
    for key, value in weights.items():
        root, rest = key.split('.', 1)
        root = roots.get(root, root)
        if root is not None:
            changed[f'{root}.{rest}'] = value
    return changed


@pytest.fixture
def violet_pretrained(published):
    return renamed(published('violet'), fc_oe=None, fc_vtm='fc')


def violet_fine_tuned(weights, outputs):
    """A file of VIOLET's own code: the body, and one head called fc."""
    weights = renamed(weights, fc_mtm=None, fc_mvm=None, fc=None)
    one = torch.zeros(1)
    return {**weights, 'fc.1.weight': one.expand(1536, 768),
            'fc.1.bias': one.expand(1536),
            'fc.3.weight': one.expand(outputs, 1536),
            'fc.3.bias': one.expand(outputs)}


def test_violet_pretrained(convert, violet_pretrained):
    ours, said = convert('violet', violet_pretrained, '--config',
                         CONFIGS / 'meltr_violet_msvdqa.py')
    assert 'start from random weights: task.answer_head (4)\n' in said
    assert ours['vtm_head.3.weight'].shape == (1, 1536)


def test_violet_msvd_qa(convert, violet_pretrained):
    ours, said = convert(
        'violet', violet_fine_tuned(violet_pretrained, 1000), '--config',
        CONFIGS / 'meltr_violet_msvdqa.py')
    assert ours['task.answer_head.3.weight'].shape == (1000, 1536)
    assert not any(key.startswith('vtm_head') for key in ours)
    assert 'random weights: vtm_head (4), mtm_head (' in said
    assert 'mvm_head (4)' in said


@pytest.mark.parametrize('form, head', [
    ('retrieval', 'vtm_head'), ('multiple_choice_qa', 'task.choice_head')])
def test_violet_head_with_one_output(convert, violet_pretrained, form, head):
    weights = violet_fine_tuned(violet_pretrained, 1)
    with pytest.raises(SystemExit, match='--form retrieval or mult'):
        convert('violet', weights)
    ours, _ = convert('violet', weights, '--form', form)
    assert ours[f'{head}.3.weight'].shape == (1, 1536)


def test_violet_form_must_fit(convert, violet_pretrained, published):
    for weights, form in (
            (violet_fine_tuned(violet_pretrained, 1), 'open_ended_qa'),
            (violet_fine_tuned(violet_pretrained, 9), 'retrieval'),
            (published('violet'), 'multiple_choice_qa')):
        with pytest.raises(SystemExit, match='form'):
            convert('violet', weights, '--form', form)


def test_violet_other_vocabulary_is_an_error(convert, violet_pretrained):
    with pytest.raises(SystemExit, match=r'task.answer_head.3.weight \(1540, '
                       r'1536\) instead of \(1000, 1536\)'):
        convert('violet', violet_fine_tuned(violet_pretrained, 1540),
                '--config', CONFIGS / 'meltr_violet_msvdqa.py')


def test_half_a_head_is_an_error(convert, published):
    weights = published('violet')
    del weights['fc_oe.3.bias']
    with pytest.raises(SystemExit,
                       match='1 missing: task.answer_head.3.bias'):
        convert('violet', weights, '--config',
                CONFIGS / 'meltr_violet_msvdqa.py')


@pytest.mark.parametrize('wrap', [
    dict,
    lambda weights: dict(model_state_dict=weights, epoch=3),
    lambda weights: dict(model=weights),
    lambda weights: {f'module.{key}': value
                     for key, value in weights.items()},
])
def test_univl_in_all_wrappings(convert, published, wrap):
    weights = published('univl')
    ours, _ = convert('univl', wrap(weights))
    assert set(ours) == set(from_official(weights))
    assert 'text_encoder.embeddings.word_embeddings.weight' in ours


def test_univl_whole_and_without_decoder(convert, published):
    _, said = convert('univl', published('univl'), '--config',
                      CONFIGS / 'meltr_univl_youcook2_retrieval.py')
    assert 'random' not in said
    weights = renamed(published('univl'), decoder=None, cls=None)
    _, said = convert('univl', weights, '--config',
                      CONFIGS / 'meltr_univl_youcook2_retrieval.py')
    for head in ('decoder (', 'caption_head (', 'word_head ('):
        assert head in said


def test_all_in_one_co_training_file(convert, published):
    one = torch.zeros(1)
    weights = {
        **renamed(published('all_in_one'), aux_model=None, rank_output=None,
                  vqa_classifier=None, mc_vqa_classifier=None, txt_proj=None,
                  vid_proj=None, itm_score='vtm_score'),
        'vcop_classifier.weight': one.expand(6, 768),
        'vcop_classifier.bias': one.expand(6),
    }
    content = dict(state_dict=weights, epoch=1)
    ours, said = convert('all_in_one', content, '--config',
                         CONFIGS / 'meltr_all_in_one_msvdqa.py')
    assert 'random weights: heads.qa (' in said
    assert 'not in this model: heads.' in said and 'heads.itm' in said
    assert not any('vcop' in key for key in ours)
    _, said = convert('all_in_one', content, '--config',
                      CONFIGS / 'meltr_all_in_one_msrvtt7k_retrieval.py')
    assert 'random weights: heads.itc (4)' in said


def test_another_model_is_still_refused(convert, published):
    with pytest.raises(SystemExit, match='does not know'):
        convert('univl', published('all_in_one'))
