"""The official training steps, through our own optimiser wrapper."""
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS

from meltr_mm.meltr import BatchHistory
from meltr_mm.models.all_in_one.checkpoint import (
    ALL_IN_ONE_KEYS,
    from_official,
)

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / 'tools' / 'convert'))
from parity_checks.all_in_one_replay import (  # noqa: E402
    make_samples,
    sizes,
)

SCHEDULES = ROOT / 'configs' / '_base_' / 'schedules'


@pytest.fixture(scope='module')
def recorded(load_fixture):
    return load_fixture('all_in_one_train.pt')


@pytest.fixture(scope='module')
def recipe():
    return Config.fromfile(SCHEDULES / 'aid_all_in_one.py')


class RecordedHistory(BatchHistory):
    """Draws and evicts as it was recorded."""

    def __init__(self, events):
        super().__init__()
        self.draws = iter([position for event in events
                           for position, _ in event.get('history_draws', [])])
        self.evictions = iter(
            [event['evicted'] for event in events if 'evicted' in event])

    def draw(self):
        return self.batches[next(self.draws)]

    def _evicted(self):
        return next(self.evictions)

    def batch_ids(self):
        return [window[0]['data_samples'][0].batch_id
                for window in self.batches]


def build_model(recorded):
    config = recorded['config']
    meltr = {
        key.removeprefix('aux_model.'): value
        for key, value in recorded['init_state_dict'].items()
        if key.startswith('aux_model.')
    }
    model = MODELS.build(
        dict(
            type='MELTRWrapper',
            losses=['loss_mlm', 'loss_itc'],
            primary='loss_mlm',
            meltr=dict(
                type='MELTR',
                hidden_dims=meltr['loss_fc2.weight'].shape[::-1],
                feedforward_dim=len(meltr['encoder.linear1.bias'])),
            model=dict(
                type='AllInOne',
                heads=dict(mlm=dict(), itc=dict(shared_dim=config['shared'])),
                target='itc',
                **sizes(config)))).double()
    model.load_state_dict(from_official(recorded['init_state_dict']))
    return model.eval()


def make_batch(recorded, number):
    inputs = recorded['batches'][number]
    samples = make_samples(inputs)
    for sample in samples:
        sample.set_metainfo(dict(batch_id=number))
    return dict(
        inputs=inputs['video'].double().transpose(1, 2), data_samples=samples)


def build_optimisers(recorded, recipe, model, estimator):
    config, meta = recorded['config'], recorded['config']['meltr']
    optim_wrapper = dict(
        recipe.optim_wrapper,
        estimator=estimator,
        gamma=config['gamma'],
        interval=config['auxgrad_every'],
        meta_clip_grad=dict(max_norm=meta['max_grad_norm']),
        optimizer=dict(
            type='BertAdamW',
            lr=config['learning_rate'],
            betas=config['betas'],
            eps=config['eps'],
            weight_decay=config['weight_decay']),
        meta_optimizer=dict(
            type='Adam',
            lr=meta['lr'],
            betas=meta['betas'],
            weight_decay=meta['weight_decay']))
    optim_wrapper = build_optim_wrapper(model, optim_wrapper)
    # The official counts have the end itself as the first step at 0.
    ends = config['warmup_steps'] + 1, config['max_steps'] + 1
    schedulers = []
    for cfg, end in zip(recipe.param_scheduler, ends, strict=True):
        cfg = dict(cfg, by_epoch=False, end=end, optimizer=optim_wrapper)
        if cfg['begin']:
            cfg['begin'] = config['warmup_steps']
        del cfg['convert_to_iter_based']
        schedulers.append(PARAM_SCHEDULERS.build(cfg))
    return optim_wrapper, schedulers


def norm(parameters):
    return torch.cat([p.detach().flatten() for p in parameters]).norm().item()


def close(value, expected, rtol=1e-9):
    assert value == pytest.approx(expected, rel=rtol, abs=1e-10)


@pytest.mark.parametrize('estimator', ['jvp', 'vjp'])
def test_fourteen_steps(recorded, recipe, estimator):
    model = build_model(recorded)
    optim_wrapper, schedulers = build_optimisers(
        recorded, recipe, model, estimator)
    history = RecordedHistory(recorded['events'])
    optim_wrapper.history = optim_wrapper.meta_batches.history = history
    meta_losses = []
    compute = optim_wrapper.hypergradient

    def overheard(*args, **kwargs):
        result = compute(*args, **kwargs)
        meta_losses.append(result.losses)
        return result

    optim_wrapper.hypergradient = overheard
    assert len(recorded['events']) == 14
    for event in recorded['events']:
        close(optim_wrapper.get_lr()['lr'][0], event['lr'])
        steps = optim_wrapper.meta_steps
        log = model.train_step(
            make_batch(recorded, event['batch_id']), optim_wrapper)
        (losses, output), *meta = event['meltr_calls']
        close(model.last_losses.tolist(), losses)
        close(log['loss'].item(), output)
        assert (optim_wrapper.meta_steps > steps) == event['meta_step']
        if meta:
            close(meta_losses.pop().tolist(), meta[0][0])
        assert not meta_losses
        assert history.batch_ids() == event['history_after']
        close(norm(model.model.parameters()), event['main_param_norm'])
        close(norm(model.meltr.parameters()), event['meltr_param_norm'])
        for scheduler in schedulers:
            scheduler.step()
    assert not list(history.draws) and not list(history.evictions)

    initial = from_official(recorded['init_state_dict'])
    final = from_official(recorded['final_state_dict'])
    trained = model.state_dict()
    assert trained.keys() == final.keys()
    for name, expected in final.items():
        torch.testing.assert_close(
            trained[name], expected, rtol=0, atol=1e-9, msg=name)
    # Neither has a gradient.
    for name in ('meltr.encoder.norm2.bias', 'model.pooler.weight'):
        assert torch.equal(trained[name], initial[name])
    assert (trained['model.vit.time_embed']
            - initial['model.vit.time_embed']).abs().max() > 1e-3


def test_weight_decay_groups(recorded, recipe):
    model = build_model(recorded)
    optim_wrapper = build_optim_wrapper(model, recipe.optim_wrapper)
    assert optim_wrapper.get_lr()['meta_lr'] == [1e-4]
    names = {id(p): name for name, p in model.model.named_parameters()}
    groups = {}
    for group in optim_wrapper.optimizer.param_groups:
        assert group['lr'] == 3e-4
        groups.setdefault(group['weight_decay'], set()).update(
            names[id(p)] for p in group['params'])
    expected = {}
    for group in recorded['param_groups']:
        expected.setdefault(group['weight_decay'], set()).update(
            ALL_IN_ONE_KEYS(name) for name in group['names'])
    assert groups == expected


def test_groups_at_full_size(recipe):
    config = Config.fromfile(SCHEDULES.parent / 'models' / 'all_in_one.py')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    optim_wrapper = build_optim_wrapper(model, recipe.optim_wrapper)
    counts = {}
    for group in optim_wrapper.optimizer.param_groups:
        decay = group['weight_decay']
        numbers = counts.setdefault(decay, [0, 0])
        numbers[0] += len(group['params'])
        numbers[1] += sum(p.numel() for p in group['params'])
    # Counted on the official class.
    assert counts == {0.01: [61, 134_560_512], 0.: [108, 158_266]}


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
    recipe = Config.fromfile(SCHEDULES / 'aid_all_in_one_qa.py')
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
