"""Each toy config: a few training steps and an evaluation.

That of VIOLET on MSVD-QA is trained by the tests of the scripts.
"""
import math
from pathlib import Path

import pytest
from full_size_violet import walk
from mmengine.config import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'toy'
RETRIEVAL = 'val/t2i/retrieval/R@1'


@pytest.fixture
def roots(toy_root, toy_tgif_root, toy_msrvtt_root, toy_feature_root):
    """Where the folders below `data/toy` are."""
    return dict(
        msvd_qa=toy_root, tgif_qa=toy_tgif_root, msrvtt=toy_msrvtt_root,
        **{path.name: path for path in toy_feature_root.iterdir()})


@pytest.mark.parametrize('name, metric', [
    ('univl_youcook2_retrieval', RETRIEVAL),
    ('univl_msrvtt7k_retrieval', RETRIEVAL),
    ('univl_msrvtt9k_retrieval', RETRIEVAL),
    ('univl_youcook2_captioning', 'val/caption/CIDEr'),
    ('univl_msrvtt_captioning', 'val/caption/CIDEr'),
    ('univl_mosi', 'val/sentiment/Acc-2_has0'),
    ('violet_tgif_action', 'val/qa/accuracy'),
    ('violet_tgif_transition', 'val/qa/accuracy'),
    ('violet_tgif_frame', 'val/qa/accuracy'),
    ('violet_msrvtt7k_retrieval', RETRIEVAL),
    ('violet_msrvtt9k_retrieval', RETRIEVAL),
    ('all_in_one_msrvtt7k_retrieval', RETRIEVAL),
    ('all_in_one_msrvtt9k_retrieval', RETRIEVAL),
    ('all_in_one_msvdqa', 'val/qa/accuracy'),
    ('all_in_one_tgif_action', 'val/qa/accuracy'),
    ('all_in_one_tgif_frame', 'val/qa/accuracy'),
    ('all_in_one_msrvtt_mc', 'val/qa/accuracy'),
])
def test_steps(name, metric, roots, tmp_path, monkeypatch):
    # METEOR takes seconds to start.
    monkeypatch.setattr('shutil.which', lambda name: None)
    cfg = Config.fromfile(CONFIGS / f'meltr_{name}.py')
    for part in walk([cfg.train_dataloader, cfg.val_dataloader,
                      cfg.optim_wrapper.meta_dataloader]):
        for key, value in part.items():
            if isinstance(value, str) and value.startswith('data/toy/'):
                folder, _, file = value[len('data/toy/'):].partition('/')
                part[key] = str(roots[folder] / file)
    cfg.work_dir = str(tmp_path)
    cfg.train_dataloader.batch_size = 2
    cfg.optim_wrapper.meta_dataloader.batch_size = 1
    cfg.param_scheduler = None
    # The intervals are 3 and 5: the last update has the only meta step.
    cfg.optim_wrapper.begin = 3
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=3, val_interval=3)
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars[metric].current())
    assert all(math.isfinite(value)
               for value in scalars['train/loss'].data[0])
    assert runner.optim_wrapper.meta_steps == 1
    for loss in cfg.model.losses:
        assert f'train/weight/{loss}' in scalars
