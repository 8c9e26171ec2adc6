"""Two processes are one with the whole batch: equal weights, right metrics.

test_distributed_scripts.py starts dist_train.sh and dist_test.sh; here the
processes are forked, which costs little per config.
"""
import pickle
from collections import Counter

import pytest
import torch
from mmengine import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from watched_training import ROOT, Life

# Config, its data set, and what names a sample.
CONFIGS = [
    ('meltr_univl_mosi', 'cmu_mosi', ('video_id', )),
    ('meltr_univl_msrvtt9k_retrieval', 'msrvtt_feature', ('gt_label', )),
    ('meltr_univl_msrvtt_captioning', 'msrvtt_feature', ('video_id', )),
    ('meltr_violet_msvdqa', 'msvd_qa', ('video_id', 'question')),
    ('meltr_all_in_one_msvdqa', 'msvd_qa', ('video_id', 'question')),
]


@HOOKS.register_module()
class KeepRankHook(Hook):
    """Saves what each process has at the end, and the metrics."""

    def after_val_epoch(self, runner, metrics):
        model = getattr(runner.model, 'module', runner.model)
        torch.save(dict(state=model.state_dict(), metrics=metrics),
                   f'{runner.work_dir}/rank{get_rank()}.pth')


def small(name, root, work_dir, processes):
    """A toy config that trains for a few iterations on few data."""
    cfg = Config.fromfile(ROOT / 'configs' / 'toy' / f'{name}.py')
    cfg = Config.fromstring(cfg.pretty_text.replace(
        f'data/toy/{root.name}', str(root)), '.py')
    cfg.work_dir = str(work_dir)
    cfg.launcher = 'pytorch' if processes > 1 else 'none'
    cfg.log_level = 'WARNING'
    cfg.train_dataloader.batch_size = 2
    cfg.val_dataloader.batch_size = 2
    # An odd number: else nothing is padded, and nothing could count twice.
    cfg.val_dataloader.dataset.indices = 3
    cfg.optim_wrapper.update(interval=2, begin=1)
    cfg.param_scheduler = None
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=3,
                         val_interval=3)
    cfg.default_hooks.checkpoint = dict(
        type='CheckpointHook', by_epoch=False, interval=3)
    cfg.custom_hooks = [dict(type='KeepRankHook')]
    cfg.val_evaluator = [cfg.val_evaluator, dict(
        type='DumpResults', out_file_path=str(work_dir / 'all.pkl'))]
    return cfg


def run(name, root, work_dir, processes, act, load_from=None):
    """What each process kept, and the samples that were evaluated."""
    work_dir.mkdir()
    cfg = small(name, root, work_dir, processes)
    cfg.load_from = load_from
    log = work_dir / 'log.txt'
    life = Life(cfg, processes, False, log, act=act)
    assert life.wait() == [0] * processes, log.read_text()[-3000:]
    kept = [torch.load(work_dir / f'rank{rank}.pth')
            for rank in range(processes)]
    with open(work_dir / 'all.pkl', 'rb') as file:
        return kept, pickle.load(file)


@pytest.mark.parametrize('name, data, key', CONFIGS)
def test_two_processes(name, data, key, toy_root, toy_feature_root, tmp_path,
                       monkeypatch):
    # METEOR takes seconds to start.
    monkeypatch.setattr('shutil.which', lambda name: None)
    root = toy_root if data == 'msvd_qa' else toy_feature_root / data
    kept, both = run(name, root, tmp_path / 'two', 2, 'train')
    saved = torch.load(tmp_path / 'two' / 'iter_3.pth', weights_only=True)
    assert saved['optimizer']['aid']['meta_steps'] == 2
    for rank in kept:
        assert rank['state'].keys() == saved['state_dict'].keys()
        for tensor, value in saved['state_dict'].items():
            assert torch.equal(rank['state'][tensor], value), tensor

    (one, ), alone = run(name, root, tmp_path / 'one', 1, 'val',
                         str(tmp_path / 'two' / 'iter_3.pth'))
    assert kept[0]['metrics'] == pytest.approx(one['metrics'], abs=1e-5)
    names = [Counter(tuple(str(sample[k]) for k in key) for sample in samples)
             for samples in (both, alone)]
    assert names[0] == names[1]
    assert len(alone) == 3
