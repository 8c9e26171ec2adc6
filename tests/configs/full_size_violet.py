"""Full-size configs at their full sizes, on generated data, on any machine.

Nothing is overridden but paths, batch size, the workers and iteration count.
"""
import os
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.runner import Runner

from meltr_mm.toyworld import write_msrvtt, write_msvd_qa, write_tgif_qa

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# Eight copies of a process of gigabytes take long to start and to end.
IN_PROCESS = dict(num_workers=0, persistent_workers=False)
TINY = dict(train=2, val=1, test=1)
# A minute and gigabytes each.
TWIN = pytest.mark.skipif(
    not os.environ.get('ALL_FULL_SIZE'),
    reason='a model that another test trains; ALL_FULL_SIZE=1 trains it, too')
LONG = pytest.mark.skipif(
    not os.environ.get('ALL_FULL_SIZE'),
    reason='the suite trains one of each model, ALL_FULL_SIZE=1 the rest')


def load(name, write, root):
    """A config with nothing but its paths and batch sizes changed."""
    write(str(root / 'data'), sizes=TINY, frames=5, size=224)
    cfg = Config.fromfile(str(CONFIGS / f'meltr_violet_{name}.py'))
    cfg.work_dir = str(root / 'work')
    # Gigabytes that nobody reads; the scripts' tests save and resume.
    cfg.default_hooks.checkpoint = None
    cfg.merge_from_dict(dict(
        data_root=str(root / 'data'), tokenizer='minilm'))
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(IN_PROCESS, batch_size=1)
    return cfg


@pytest.mark.parametrize('name, write, metric', [
    ('msvdqa', write_msvd_qa, 'val/qa/accuracy'),
    pytest.param('tgif_action', write_tgif_qa, 'val/qa/accuracy', marks=LONG),
    pytest.param('msrvtt9k_retrieval', write_msrvtt, 'val/t2i/retrieval/R@1',
                 marks=LONG),
    pytest.param('tgif_transition', write_tgif_qa, 'val/qa/accuracy',
                 marks=TWIN),
    pytest.param('tgif_frame', write_tgif_qa, 'val/qa/accuracy', marks=TWIN),
    pytest.param('msrvtt7k_retrieval', write_msrvtt, 'val/t2i/retrieval/R@1',
                 marks=TWIN),
])
def test_violet(name, write, metric, tmp_path):
    cfg = load(name, write, tmp_path)
    cfg.param_scheduler = None  # its length is that of epochs
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=1, val_interval=1)
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
    assert runner.optim_wrapper.updates == 1


@pytest.mark.parametrize('name, write, trained, file', [
    ('tgif_transition', write_tgif_qa, 'tgif_action',
     'txt_tgif-transition.json'),
    ('tgif_frame', write_tgif_qa, 'msvdqa', 'txt_tgif-frame.json'),
    ('msrvtt7k_retrieval', write_msrvtt, 'msrvtt9k_retrieval',
     'train_7k.json'),
])
def test_violet_of_a_size_that_is_trained_above(name, write, trained, file,
                                                tmp_path):
    """The model is another's but for its answers; the data are its own."""
    cfg = load(name, write, tmp_path)
    other = Config.fromfile(str(CONFIGS / f'meltr_violet_{trained}.py'))
    for config in (cfg, other):
        config.model.model.task.pop('num_answers', None)
    assert cfg.model.to_dict() == other.model.to_dict()
    for split in ('train', 'val', 'test'):
        dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        sample = dataset[0]
        assert sample['inputs'].shape == (1, 3, 5, 224, 224)
        assert ('mvm_labels' in sample['data_samples']) == (split == 'train')
        if split == 'train':
            assert sample['data_samples'].mvm_labels.shape == (5 * 50, )
            source = getattr(dataset, 'dataset', dataset)
            assert Path(source.ann_file).name == file
