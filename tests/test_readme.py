"""The README's change of an existing config does what it says.

Its commands, links and blocks are tested with those of all pages, in
tests/docs; tests/overlay trains the model that this one is about.
"""
import re
from pathlib import Path

from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from torch import nn

README = (Path(__file__).resolve().parents[1] / 'README.md').read_text()


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
