"""A plain MMAction2 recogniser with an auxiliary head becomes a MELTR run.

The stock TPN config, whose neck has a loss of its own, with fewer channels,
frames and pixels, through the stock train script.
"""
import json
from importlib.util import find_spec
from pathlib import Path

import torch
from child_process import environment
from warm_process import STOCK_ONLY, run_script

ROOT = Path(__file__).resolve().parents[2]
STOCK = Path(
    find_spec('mmaction').submodule_search_locations[0]) / '.mim'

SMALL = """
_base_ = '{stock}'
model = dict(
    backbone=dict(base_channels=4),
    neck=dict(
        in_channels=(64, 128), out_channels=32,
        spatial_modulation_cfg=dict(in_channels=(64, 128), out_channels=128),
        level_fusion_cfg=dict(in_channels=(32, 32), mid_channels=(32, 32),
                              out_channels=64),
        aux_head_cfg=dict(out_channels=4)),
    cls_head=dict(num_classes=4, in_channels=2048))
read = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=8, frame_interval=1, num_clips=1),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
loader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(ann_file='{list}', data_prefix=dict(video='{videos}'),
                 pipeline=read))
train_dataloader = val_dataloader = test_dataloader = loader
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(logger=dict(interval=1))
"""

ADDED = """
_base_ = 'small.py'
custom_imports = dict(imports=['meltr_mm'], allow_failed_imports=False)
model = dict(_delete_=True, type='MELTRWrapper', model={{_base_.model}},
             losses=['loss_cls', 'loss_aux'], primary='loss_cls',
             meltr=dict(type='MELTR'))
optim_wrapper = dict(type='AIDOptimWrapper',
                     constructor='AIDOptimWrapperConstructor',
                     meta_optimizer=dict(type='AdamW', lr=1e-4), interval=1)
"""


def test_stock_recognizer_with_an_auxiliary_head(tmp_path, toy_root):
    videos = sorted((toy_root / 'videos').glob('*.mp4'))[:8]
    (tmp_path / 'list.txt').write_text('\n'.join(
        f'{video.name} {n % 4}' for n, video in enumerate(videos)))
    (tmp_path / 'small.py').write_text(SMALL.format(
        stock=STOCK / 'configs' / 'recognition' / 'tpn'
        / 'tpn-slowonly_r50_8xb8-8x8x1-150e_kinetics400-rgb.py',
        list=tmp_path / 'list.txt', videos=videos[0].parent))
    (tmp_path / 'config.py').write_text(ADDED)
    result = run_script(
        STOCK / 'tools' / 'train.py', tmp_path / 'config.py', '--work-dir',
        tmp_path / 'work', env=environment(ROOT, OMP_NUM_THREADS='1'),
        imported=STOCK_ONLY)
    assert result.returncode == 0, result.stderr[-3000:]
    scalars = [json.loads(line) for file in tmp_path.glob(
        'work/*/vis_data/scalars.json')
        for line in file.read_text().splitlines()]
    logged = [s for s in scalars if 'loss' in s]
    assert {'loss_cls', 'loss_aux', 'weight/loss_cls', 'weight/loss_aux',
            'top1_acc', 'meta_lr'} <= set(logged[-1])
    assert any('acc/top1' in s for s in scalars)
    aid = torch.load(tmp_path / 'work' / 'epoch_2.pth',
                     weights_only=True)['optimizer']['aid']
    assert aid['meta_steps'] == 4
    assert aid['estimator'] == 'jvp'  # with BatchNorm in training
