"""What the README tells people to type exists and works."""
import re
import shlex
from pathlib import Path

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()
COMMANDS = [
    line for block in re.findall(r'```bash\n(.*?)```', README, re.S)
    for line in block.splitlines() if line.strip()
]


@pytest.mark.parametrize('command', COMMANDS)
def test_files_in_commands_exist(command):
    words = shlex.split(command, comments=True)
    assert words[0] in ('bash', 'python')
    for word in words[1:]:
        if word.startswith(('tools/', 'configs/')):
            assert (ROOT / word).is_file(), word


def test_first_screen_holds_the_two_commands():
    top = '\n'.join(README.splitlines()[:25])
    assert 'bash tools/quickstart.sh' in top
    assert 'bash tools/run_tests.sh' in top


def test_links_to_files():
    for target in re.findall(r'\]\((?!http)([^)#]+)', README):
        assert (ROOT / target).exists(), target


class TwoLosses(BaseModel):

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, inputs, mode='tensor'):
        return self.layer(inputs)


def test_existing_config_snippet(tmp_path):
    MODELS.register_module(
        name='TwoLossesForReadme', module=TwoLosses, force=True)
    snippet, = re.findall(r'```python\n(_base_.*?)```', README, re.S)
    # tests/overlay trains the model that it is about.
    snippet = re.sub(r"(?<=_base_ = ').*(?=')", 'your_config.py', snippet)
    (tmp_path / 'your_config.py').write_text(
        "model = dict(type='TwoLossesForReadme')\n"
        "optim_wrapper = dict(type='OptimWrapper', optimizer=dict("
        "type='AdamW', lr=1e-3))\n")
    (tmp_path / 'config.py').write_text(snippet)
    cfg = Config.fromfile(str(tmp_path / 'config.py'))
    model = MODELS.build(cfg.model)
    assert model.losses == ('itc_loss', 'itm_loss')
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert optim_wrapper.get_lr() == dict(lr=[1e-3], meta_lr=[1e-4])
