"""Full-size configs at their full sizes, on generated data, on any machine."""
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from meltr_mm.toyworld import write_msvd_qa

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


def test_violet_msvdqa(tmp_path):
    """Nothing is overridden but paths, batch size and iteration count."""
    data = tmp_path / 'msvd'
    write_msvd_qa(
        str(data), sizes=dict(train=1, val=1, test=1), frames=5, size=224)
    cfg = Config.fromfile(str(CONFIGS / 'meltr_violet_msvdqa.py'))
    cfg.work_dir = str(tmp_path / 'work')
    loaders = [cfg[f'{split}_dataloader'] for split in ('train', 'val')]
    for loader in loaders:
        loader.batch_size = 1
        loader.dataset.data_root = str(data)
        for transform in loader.dataset.pipeline:
            for key in ('img_file', 'vq_file'):
                if key in transform:
                    transform[key] = str(data / Path(transform[key]).name)
            if 'tokenizer' in transform:
                transform.tokenizer = 'minilm'
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
    assert 'val/qa/accuracy' in scalars
    assert runner.optim_wrapper.updates == 2
