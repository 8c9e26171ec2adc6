"""All-in-one's full-size configs at their full sizes, on generated data.

Nothing is overridden but paths, tokenizer, batch size, the workers, and how
many samples and iterations there are; and multiple choice, whose samples have
five texts, goes without a meta step.
"""
import math
from pathlib import Path

import pytest
from full_size_violet import IN_PROCESS, LONG, TWIN
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# Below all layers: stochastic depth may leave any of them out.
FIRST = 'vit.patch_embed.projection.weight'


def load(name, root):
    cfg = Config.fromfile(CONFIGS / f'meltr_all_in_one_{name}.py')
    cfg.merge_from_dict(dict(
        data_root=str(root / Path(cfg.data_root).name), tokenizer='minilm'))
    return cfg


@pytest.mark.parametrize('name, batch_size, metric, meta_steps', [
    # A text needs another video to be told from.
    pytest.param('msrvtt7k_retrieval', 2, 't2i/retrieval/R@1', 1, marks=LONG),
    ('msvdqa', 1, 'qa/accuracy', 1),
    pytest.param('tgif_action', 1, 'qa/accuracy', 0, marks=LONG),
    pytest.param('msrvtt_mc', 1, 'qa/accuracy', 0, marks=LONG),
    pytest.param('msrvtt9k_retrieval', 2, 't2i/retrieval/R@1', 1, marks=TWIN),
    pytest.param('tgif_frame', 1, 'qa/accuracy', 1, marks=TWIN),
])
def test_all_in_one(name, batch_size, metric, meta_steps, toy_data_root,
                    tmp_path):
    cfg = load(name, toy_data_root)
    cfg.work_dir = str(tmp_path / 'work')
    assert cfg.default_hooks.checkpoint.save_best == metric
    # Gigabytes that nobody reads; the scripts' tests save and resume.
    cfg.default_hooks.checkpoint = None
    for split in ('train', 'val'):
        loader = cfg[f'{split}_dataloader']
        loader.update(IN_PROCESS, batch_size=batch_size)
    dataset = cfg.val_dataloader.dataset
    # Of the others a tenth is kept for validation: one clip.
    if dataset.type != 'SeededSplit':
        dataset.indices = batch_size
    if not meta_steps:
        cfg.optim_wrapper.begin = 2
    cfg.param_scheduler = None  # its length is that of epochs
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=1, val_interval=1)
    runner = Runner.from_cfg(cfg)
    runner.train()
    model, optimisers = runner.model, runner.optim_wrapper
    assert sum(p.numel() for p in model.model.parameters()) > 110e6
    assert len(model.last_losses) == len(cfg.model.losses)
    assert model.last_losses.isfinite().all()
    assert optimisers.updates == 1 and optimisers.meta_steps == meta_steps
    first = model.model.get_parameter(FIRST)
    assert optimisers.optimizer.state[first]['exp_avg'].norm() > 0
    # MELTR's gradient may be zero: a short text may have no masked word, and
    # then there is no other loss than the primary one to be let in.
    if meta_steps:
        moved = optimisers.meta_optimizer.state[model.meltr.fc1.weight]
        assert moved['exp_avg'].isfinite().all()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars[f'val/{metric}'].current())


@pytest.mark.parametrize('name, trained, file', [
    ('msrvtt9k_retrieval', 'msrvtt7k_retrieval', 'MSR_VTT.json'),
    ('tgif_frame', 'msvdqa', 'frameqa_train.jsonl'),
])
def test_all_in_one_that_is_trained_above(name, trained, file, toy_data_root):
    """The model is another's but for its answers; the data are its own."""
    cfg, other = load(name, toy_data_root), load(trained, toy_data_root)
    for config in (cfg, other):
        if 'qa' in config.model.model.heads:
            answers = config.model.model.heads.qa.pop('num_answers')
            assert answers in (1001, 1541)
    assert cfg.model.to_dict() == other.model.to_dict()
    assert cfg.optim_wrapper.to_dict() == other.optim_wrapper.to_dict()
    check_data(cfg, file)


def check_data(cfg, file):
    for split in ('train', 'val', 'test'):
        dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        sample = dataset[0]
        assert sample['inputs'].shape == (1, 3, 3, 224, 224)
        fields = sample['data_samples']
        assert ('mlm_labels' in fields) == (split == 'train')
        if split == 'train':
            assert len(fields.text_ids) == len(fields.mlm_labels) == 40
            source = getattr(dataset, 'dataset', dataset)
            assert Path(source.ann_file).name == file


def test_state_transitions(toy_data_root):
    """Data without a config of their own."""
    cfg = load('tgif_action', toy_data_root)
    cfg.merge_from_dict(dict(task='transition'))
    check_data(cfg, 'transition_train.jsonl')
