"""``demo.py --example``: the models of the package, about unseen clips."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from test_demo import ROOT, load

from meltr_mm.apis import load_run_checkpoint
from meltr_mm.apis.example import (
    EXAMPLES,
    example_checkpoint,
    write_example_clips,
)
from meltr_mm.toyworld.world import first_clips, imagine_clips


@pytest.fixture(scope='module')
def demo():
    return load(ROOT / 'tools' / 'demo.py').main


def test_it_answers_describes_rates_and_finds(demo, tmp_path, capsys):
    """Fourteen of sixteen are right; another processor may round one over."""
    demo(['--example', str(tmp_path), '--device', 'cpu'])
    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if line.startswith('    -> ')]
    assert len(said) == 7 + 3 + 3 + 3
    assert sum(line.endswith(')  correct') for line in said) >= 13
    assert lines[-2] == 'Ask on:'
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'clip_1.mp4', 'clip_2.mp4', 'clip_3.mp4']


def test_as_json(demo, tmp_path, capsys):
    demo(['--example', str(tmp_path), '--device', 'cpu', '--json'])
    found = json.loads(capsys.readouterr().out)
    assert [item['model'] for item in found] == [
        'violet'] * 7 + ['univl_captions'] * 3 + ['univl'] * 3 + [
            'all_in_one'] * 3
    assert all(set(item) == {'model', 'video', 'asked', 'said', 'score',
                             'true'} for item in found)


def test_misuse_is_one_line(demo, capsys):
    with pytest.raises(SystemExit):
        demo(['a.mp4', '--question', 'what?'])
    assert 'or try --example, which needs none' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        demo(['--example', '--question', 'what?'])
    assert '--example asks what it asks; leave question out' in \
        capsys.readouterr().err


@pytest.mark.parametrize('name', EXAMPLES)
def test_checkpoints_are_small_and_of_nobody(name):
    path = Path(example_checkpoint(name))
    assert path.stat().st_size < 3e6
    content = load_run_checkpoint(path)
    assert set(content) == {'state_dict', 'meta'}
    assert not any(key.startswith('meltr.') for key in content['state_dict'])
    assert {value.dtype for value in content['state_dict'].values()} <= {
        torch.float16, torch.int64}
    config = content['meta']['cfg']
    config = config.replace(' = ', '=')
    assert f"work_dir='./work_dirs/toy/{EXAMPLES[name]}'" in config
    assert "='/" not in config  # no path of a machine
    assert (ROOT / 'configs' / 'toy' / f'{EXAMPLES[name]}.py').is_file()
    with pytest.raises(FileNotFoundError, match=r'make_examples\.py'):
        example_checkpoint('gone')


def test_clips_are_those_of_the_test(tmp_path):
    sizes = dict(train=6, val=2, test=4)
    first = first_clips(3, sizes, 'test', 2)
    whole = imagine_clips(3, sizes)['test']
    assert [(clip.scene, clip.seed) for clip in first] == [
        (clip.scene, clip.seed) for clip in whole[:2]]
    clip, = write_example_clips(tmp_path, count=1)
    assert Path(clip.video).stat().st_size > 5000
    assert clip.questions[0].text == 'what colour is the square?'
    assert clip.caption == 'a red square moves right'
    assert clip.captions == [
        'a red square moves right',
        'a red square moves right on a background of clouds']
    for features in (clip.seen, clip.features):
        assert features.shape[1] == 64 and np.isfinite(features).all()
