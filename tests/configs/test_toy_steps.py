"""Each toy config: a few training steps and an evaluation.

That of VIOLET on MSVD-QA is trained by the tests of the scripts.
"""
import math

import pytest
from mmengine.runner import Runner
from toy_configs import tiny_config

RETRIEVAL = 'val/t2i/retrieval/R@1'


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
    cfg = tiny_config(name, roots, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars[metric].current())
    assert all(math.isfinite(value)
               for value in scalars['train/loss'].data[0])
    assert runner.optim_wrapper.meta_steps == 1
    for loss in cfg.model.losses:
        assert f'train/weight/{loss}' in scalars
