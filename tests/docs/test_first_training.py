"""docs/get_started.md: a first training, its commands in their order."""
import re
from pathlib import Path

import pytest
from mmengine.config import Config
from pages import ROOT, blocks
from test_commands import commands_of, run_in_order

PAGE = ROOT / 'docs' / 'get_started.md'
CONFIG = 'configs/toy/meltr_violet_msvdqa.py'
RUN = 'work_dirs/toy/meltr_violet_msvdqa'
# Added to the commands of the page, so that they take seconds.
QUICK = {
    'make_toyworld.py': ['--clips', '10', '1', '3'],
    'train.py': ['--cfg-options', 'train_cfg.max_epochs=1',
                 'train_cfg.val_interval=1',
                 'train_dataloader.batch_size=4'],
    'demo.py': ['--device', 'cpu'],
}


def commands():
    """Those of its section, but for the browser, see test_web_demo.py."""
    text = PAGE.read_text()
    first, last = (text[:text.index(mark)].count('\n') for mark in (
        '## A first training', '### Other options'))
    return [command for block in blocks('bash', [PAGE])
            if first < block.line < last for command in commands_of(block)
            if command.script and not command.script.endswith('web_demo.py')]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    return tmp_path


def test_from_data_to_an_answer(workplace, monkeypatch, capsys):
    made, *others = commands()
    run_in_order([made], QUICK, monkeypatch, capsys)
    # Fewer clips have other names.
    video = min(Path('data/toy/msvd_qa/videos').iterdir()).stem
    for command in others:
        command.words = [
            re.sub(r'(?<=videos/)[\w-]+(?=\.mp4)', video,
                   re.sub(r'epoch_\d+', 'epoch_1', word))
            for word in command.words]
    printed = run_in_order(others, QUICK, monkeypatch, capsys)
    assert list(printed) == [
        'train.py', 'test.py', 'plot_meltr.py',
        'show_sample.py', 'report.py', 'demo.py']
    assert len(printed['train.py']) == 2
    pictures = {path.name for path in (workplace / RUN).glob('*.*')}
    assert {'epoch_1.pth', 'task_weights.png', 'report.html'} <= pictures
    report = (workplace / RUN / 'report.html').read_text()
    assert '<h3>Test</h3>' in report and report.count('src="data:image') >= 4
    answers, = printed['demo.py']
    assert answers.startswith(f'data/toy/msvd_qa/videos/{video}.mp4\n')
    assert len(answers.splitlines()) == 6


def test_they_name_the_last_checkpoint():
    epochs = Config.fromfile(str(ROOT / CONFIG)).train_cfg.max_epochs
    named = re.findall(fr'{RUN}/epoch_(\d+)', PAGE.read_text())
    assert set(named) == {str(epochs)}
