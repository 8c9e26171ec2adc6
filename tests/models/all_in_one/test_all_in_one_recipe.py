"""The optimiser and schedule of the All-in-one recipes.

The recorded official training is replayed by tools/convert/parity.py.
"""
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = ROOT / 'configs'


@pytest.fixture(scope='module')
def recipe():
    return Config.fromfile(
        CONFIGS / 'meltr_all_in_one_msrvtt7k_retrieval.py')


def test_groups_at_full_size(recipe):
    with torch.device('meta'):
        model = MODELS.build(recipe.model)
    optim_wrapper = build_optim_wrapper(model, recipe.optim_wrapper)
    counts = {}
    for group in optim_wrapper.optimizer.param_groups:
        decay = group['weight_decay']
        numbers = counts.setdefault(decay, [0, 0])
        numbers[0] += len(group['params'])
        numbers[1] += sum(p.numel() for p in group['params'])
    # Counted on the official class.
    assert counts == {0.01: [61, 134_560_512], 0.: [108, 158_266]}
    rates = optim_wrapper.get_lr()
    assert set(rates['lr']) == {3e-4}
    assert rates['meta_lr'] == [1e-4]


def test_warm_up_and_decay_over_a_whole_run(recipe):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.)
    epochs, length = recipe.train_cfg.max_epochs, 3
    schedulers = [
        PARAM_SCHEDULERS.get(cfg['type']).build_iter_from_epoch(
            optimizer=optimizer, epoch_length=length,
            **{k: v for k, v in cfg.items()
               if k not in ('type', 'convert_to_iter_based')})
        for cfg in recipe.param_scheduler
    ]
    rates = []
    for _ in range(epochs * length):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    warm, total = epochs * length // 10, epochs * length
    # One step earlier than the official counts, which end beyond the run.
    expected = [i / (warm - 1) for i in range(warm)]
    expected += [1 - i / (total - warm - 1) for i in range(total - warm)]
    assert rates == pytest.approx(expected, abs=1e-9)


def test_heads_of_question_answering_learn_faster():
    recipe = Config.fromfile(CONFIGS / 'meltr_all_in_one_msvdqa.py')
    bert = dict(vocab_size=9, hidden_size=16, num_attention_heads=2)
    model = MODELS.build(
        dict(
            type='MELTRWrapper',
            losses=['loss_qa', 'loss_mc'],
            primary='loss_qa',
            meltr=dict(type='MELTR'),
            model=dict(
                type='AllInOne',
                heads=dict(qa=dict(num_answers=3), mc=dict(), rank=dict()),
                target='qa',
                vit=dict(num_layers=1, num_heads=2, patch_size=56),
                bert=bert)))
    optim_wrapper = build_optim_wrapper(model, recipe.optim_wrapper)
    names = {id(p): name for name, p in model.model.named_parameters()}
    settings = {
        names[id(p)]: (group['lr'], group['weight_decay'])
        for group in optim_wrapper.optimizer.param_groups
        for p in group['params']
    }
    assert settings.keys() == set(names.values())
    for head in ('heads.qa.classifier', 'heads.mc.classifier'):
        fast = {name: setting for name, setting in settings.items()
                if name.startswith(head)}
        assert len(fast) == 6
        for name, (lr, decay) in fast.items():
            assert lr == pytest.approx(1e-3)
            # The weight of the LayerNorm, .2.weight, too.
            assert decay == (0 if name.endswith('bias') else 0.01)
        settings = {k: v for k, v in settings.items() if k not in fast}
    assert {lr for lr, _ in settings.values()} == {1e-4}
    assert settings['heads.rank.fc.weight'] == (1e-4, 0.01)
    assert settings['vit.norm.weight'] == (1e-4, 0.)
