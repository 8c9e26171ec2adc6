"""Full-size configs at their full sizes, on generated data, on any machine."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from meltr_mm.toyworld import write_msrvtt, write_msvd_qa, write_tgif_qa

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
TINY = dict(train=2, val=1, test=1)


def walk(value):
    """Every dict in a config."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value
    for child in children:
        if isinstance(child, (dict, list, tuple)):
            yield from walk(child)


@pytest.mark.parametrize('name, write, metric', [
    ('msvdqa', write_msvd_qa, 'val/qa/accuracy'),
    ('tgif_action', write_tgif_qa, 'val/qa/accuracy'),
    ('tgif_transition', write_tgif_qa, 'val/qa/accuracy'),
    ('tgif_frame', write_tgif_qa, 'val/qa/accuracy'),
    ('msrvtt7k_retrieval', write_msrvtt, 'val/t2i/retrieval/R@1'),
    ('msrvtt9k_retrieval', write_msrvtt, 'val/t2i/retrieval/R@1'),
])
def test_violet(name, write, metric, tmp_path):
    """Nothing is overridden but paths, batch size and iteration count."""
    write(str(tmp_path / 'data'), sizes=TINY, frames=5, size=224)
    cfg = Config.fromfile(str(CONFIGS / f'meltr_violet_{name}.py'))
    cfg.work_dir = str(tmp_path / 'work')
    cfg.train_dataloader.batch_size = cfg.val_dataloader.batch_size = 1
    for part in walk([cfg.train_dataloader, cfg.val_dataloader]):
        if 'data_root' in part:
            part.data_root = str(tmp_path / 'data')
        for key in ('img_file', 'vq_file'):
            if key in part:
                part[key] = str(tmp_path / 'data' / Path(part[key]).name)
        if 'tokenizer' in part:
            part.tokenizer = 'minilm'
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=2, val_interval=2)
    runner = Runner.from_cfg(cfg)
    model = runner.model
    assert sum(p.numel() for p in model.model.parameters()) > 180e6
    before = model.model.fusion.layer[11].output.dense.weight.clone()
    runner.train()
    after = model.model.fusion.layer[11].output.dense.weight
    assert not torch.equal(before, after)
    scalars = runner.message_hub.log_scalars
    assert torch.isfinite(
        torch.tensor(scalars['train/loss'].data[0])).all()
    assert metric in scalars
    assert runner.optim_wrapper.updates == 2
