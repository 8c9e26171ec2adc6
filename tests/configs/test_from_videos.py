"""From a folder of videos to a training, without DALL-E's codes."""
import math
import pickle
import shutil
import sys
from pathlib import Path

import pytest
from mmengine.runner import Runner
from toy_configs import tiny_config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'data'))

import extract_frames  # noqa: E402


@pytest.mark.parametrize('extracted', [True, False])
def test_violet_without_codes(toy_root, tmp_path, monkeypatch, extracted):
    # Long paths take MMEngine seconds to write down.
    monkeypatch.chdir(tmp_path)
    root = Path('msvd_qa')
    shutil.copytree(
        toy_root, root, ignore=shutil.ignore_patterns('img_*', '*_vq.*'))
    assert not list(root.glob('*.pkl'))
    options = dict(vq_file=None)
    if extracted:
        options['img_file'] = str(root / 'img_msvd.pkl')
        monkeypatch.setattr(sys, 'argv', [
            'extract_frames.py', str(root / 'videos'), options['img_file'],
            '--frames', '2', '--workers', '0'])
        extract_frames.main()
        assert set(pickle.loads((root / 'img_msvd.pkl').read_bytes())) == {
            video.stem for video in (root / 'videos').iterdir()}

    cfg = tiny_config('violet_msvdqa', dict(msvd_qa=root), Path('run'))
    cfg.merge_from_dict(options)
    cfg.model.losses = ['loss_qa', 'loss_vtm', 'loss_mtm']
    cfg.default_hooks.checkpoint = None
    cfg.custom_hooks = []
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert all(map(math.isfinite, scalars['train/loss'].data[0]))
    weights = {name for name in scalars if name.startswith('train/weight/')}
    assert weights == {f'train/weight/{loss}' for loss in cfg.model.losses}
