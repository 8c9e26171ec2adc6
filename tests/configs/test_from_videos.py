"""From a folder of videos to a training."""
import math
import os
import pickle
import shutil
import sys
from pathlib import Path

from mmengine.runner import Runner
from toy_configs import tiny_config

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'data'))

import extract_frames  # noqa: E402


def test_violet_without_codes(toy_root, tmp_path, monkeypatch):
    root = tmp_path / 'msvd_qa'
    shutil.copytree(toy_root, root)
    os.remove(root / 'msvd_vq.pkl')
    images = root / 'extracted.pkl'
    monkeypatch.setattr(sys, 'argv', [
        'extract_frames.py', str(root / 'videos'), str(images),
        '--frames', '2', '--workers', '0'])
    extract_frames.main()
    assert set(pickle.loads(images.read_bytes())) == {
        video.stem for video in (root / 'videos').iterdir()}

    cfg = tiny_config('violet_msvdqa', dict(msvd_qa=root), tmp_path / 'run')
    cfg.merge_from_dict(dict(img_file=str(images), vq_file=None))
    cfg.model.losses = ['loss_qa', 'loss_mtm']
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert all(math.isfinite(value)
               for value in scalars['train/loss'].data[0])
    assert 'train/weight/loss_mtm' in scalars
    assert 'train/weight/loss_mvm' not in scalars
