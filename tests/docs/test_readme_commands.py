"""README.md: the commands with which one trains and asks, in their order."""
import re
from pathlib import Path

import pytest
from mmengine.config import Config
from pages import ROOT, blocks
from test_commands import commands_of, run_in_order

README = ROOT / 'README.md'
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
# They take minutes, a second process or a browser, and have tests of their
# own, see test_commands.py; of the example apis/test_example.py has one.
NOT_HERE = {'quickstart.sh', 'dist_train.sh', 'web_demo.py', 'collect_env.py'}


def commands():
    """Those from "Try it" to the table of pages."""
    text = README.read_text()
    first, last = (text[:text.index(mark)].count('\n') for mark in (
        '## Try it', '[Get started]'))
    found = [command for block in blocks('bash', [README])
             if first < block.line < last for command in commands_of(block)]
    return [command for command in found
            if command.script and '--example' not in command.words
            and command.script.split('/')[-1] not in NOT_HERE]


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
    answers, = printed['demo.py']
    assert answers.startswith(f'data/toy/msvd_qa/videos/{video}.mp4\n')
    assert len(answers.splitlines()) == 6


def test_they_name_the_last_checkpoint():
    epochs = Config.fromfile(str(ROOT / CONFIG)).train_cfg.max_epochs
    named = re.findall(r'epoch_(\d+)', README.read_text())
    assert set(named) == {str(epochs)}
