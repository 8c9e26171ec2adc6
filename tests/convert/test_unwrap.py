import subprocess
import sys
from pathlib import Path

import torch
from warm_process import run_script

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'convert' / 'unwrap.py'


def test_bare_model_from_wrapped_checkpoint(tmp_path):
    state = {'model.layer.weight': torch.ones(2), 'meltr.fc1.weight':
             torch.zeros(3)}
    meta = dict(cfg='model = dict()', dataset_meta=dict(vocab=['a']))
    torch.save(dict(state_dict=state, meta=dict(meta, epoch=3), optimizer={}),
               tmp_path / 'wrapped.pth')
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', str(TOOL),
         str(tmp_path / 'wrapped.pth'), str(tmp_path / 'bare.pth')],
        capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    bare = torch.load(tmp_path / 'bare.pth', weights_only=True)
    assert bare.keys() == {'state_dict', 'meta'} and bare['meta'] == meta
    assert bare['state_dict'].keys() == {'layer.weight'}
    missing = run_script(TOOL, 'nowhere.pth', 'out.pth')
    assert missing.returncode != 0
    assert 'nowhere.pth: there is no such file' in missing.stderr
