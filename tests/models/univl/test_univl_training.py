"""UniVL's official training run, through AIDOptimWrapper."""
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS

from meltr_mm.models.univl.checkpoint import UNIVL_KEYS, from_official

sys.path.insert(
    0, str(Path(__file__).resolve().parents[3] / 'tools' / 'convert'))
from parity_checks.meltr import build_meltr  # noqa: E402
from parity_checks.univl import (  # noqa: E402
    build_model,
    loss_names,
    make_batch,
)

ORDER = ['joint', 'alignment', 'mlm', 'mfm', 'm_joint', 'm_align', 'decoder',
         'm_decoder']
# No decay for biases and LayerNorms, but for the weight that normalises the
# features, whose official name does not say that it belongs to one.
DECAY_GROUPS = dict(
    norm_decay_mult=0.,
    bias_decay_mult=0.,
    custom_keys={'video_norm.weight': dict(decay_mult=1.)})


@pytest.fixture
def official(load_fixture):
    return load_fixture('univl_train.pt')


def build_run(official, estimator):
    config, hyper = official['config'], official['hyper']
    model = build_model(config, official['init_state'])
    meltr = build_meltr(
        dict(
            config=dict(official['meltr_dims'], nhead=8),
            state_dict=official['meltr_init']))
    # Officially MELTR stays in eval mode.
    meltr.encoder.dropout.p = meltr.encoder.dropout1.p = 0.
    meltr.encoder.dropout2.p = meltr.encoder.self_attn.dropout = 0.
    names = loss_names(ORDER)
    model = MODELS.build(
        dict(
            type='MELTRWrapper',
            model=model,
            meltr=meltr,
            losses=names,
            primary=names[hyper['target_tasks'].index(1)])).train()
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='AIDOptimWrapper',
            constructor='AIDOptimWrapperConstructor',
            optimizer=dict(
                type='BertAdam',
                lr=hyper['lr'],
                betas=(hyper['b1'], hyper['b2']),
                eps=hyper['eps'],
                weight_decay=hyper['weight_decay'],
                max_grad_norm=hyper['max_grad_norm_per_param']),
            paramwise_cfg=DECAY_GROUPS,
            clip_grad=dict(max_norm=hyper['global_clip']),
            meta_optimizer=dict(
                type='Adam',
                lr=hyper['meta_lr'],
                weight_decay=hyper['meta_weight_decay'],
                betas=hyper['meta_adam_betas'],
                eps=hyper['meta_adam_eps']),
            meta_clip_grad=dict(max_norm=hyper['meta_max_grad_norm']),
            estimator=estimator,
            gamma=hyper['gamma'],
            interval=hyper['auxgrad_every'],
            begin=1,
            history=dict(capacity=hyper['buffer_max'], eviction='fifo')))
    schedule = PARAM_SCHEDULERS.build(
        dict(
            type='PeriodicLR',
            optimizer=wrapper,
            period=int(hyper['t_warmup'])))
    return model, wrapper, schedule


def replay(model, wrapper, draws, monkeypatch):
    """Draw the recorded batches, and keep what each meta step computes."""
    draws = iter(draws)

    def draw():
        recorded = next(draws)
        assert len(wrapper.history) == recorded['buffer_len']
        return wrapper.history.batches[recorded['index']]

    monkeypatch.setattr(wrapper.history, 'draw', draw)
    results, grads = [], []
    hypergradient, step = wrapper.hypergradient, wrapper.meta_optimizer.step

    def keep_result(*args, **kwargs):
        result = hypergradient(*args, **kwargs)
        results.append((result, model.meltr(result.losses).detach()))
        return result

    def keep_grads():
        grads.append({name: p.grad.clone()
                      for name, p in model.meltr.named_parameters()
                      if p.grad is not None})
        step()

    monkeypatch.setattr(wrapper, 'hypergradient', keep_result)
    monkeypatch.setattr(wrapper.meta_optimizer, 'step', keep_grads)
    return results, grads, draws


@pytest.mark.parametrize('estimator', ['jvp', 'vjp', 'double_backward'])
def test_eight_official_steps(official, estimator, monkeypatch):
    record, hyper = official['record'], official['hyper']
    model, wrapper, schedule = build_run(official, estimator)
    results, grads, draws = replay(
        model, wrapper, record['draws'], monkeypatch)
    losses, outputs, norms = [], [], []
    for number, inputs in enumerate(official['batches']):
        features, samples = make_batch(inputs)
        logged = model.train_step(
            dict(inputs=list(features), data_samples=samples), wrapper)
        schedule.step()
        losses.append(model.last_losses)
        outputs.append(logged['loss'].reshape(1))
        norms.append(MessageHub.get_current_instance().get_scalar(
            'train/grad_norm').current())
        if number % hyper['auxgrad_every'] == 0:
            result, output = results[-1]
            gap = (result.losses.sum() - output).abs()
            losses += [result.value - hyper['gamma'] * gap, result.losses]
            outputs.append(output.reshape(1))
    assert wrapper.meta_steps == len(record['meta_grads']) == 3
    assert next(draws, None) is None
    assert len(losses) == len(record['net_losses'])
    for ours, theirs in zip(losses, record['net_losses'], strict=True):
        torch.testing.assert_close(ours.reshape(theirs.shape), theirs,
                                   rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(outputs, record['meltr_outputs'], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert norms == pytest.approx(record['main_total_grad_norm'], rel=1e-4)
    check_meta_grads(grads, record['meta_grads'])
    check_final_weights(model, official)


def check_meta_grads(grads, expected):
    for ours, theirs in zip(grads, expected, strict=True):
        assert ours.keys() == theirs.keys()
        largest = max(grad.abs().max() for grad in theirs.values())
        for name, grad in theirs.items():
            torch.testing.assert_close(
                ours[name], grad, rtol=1e-4, atol=1e-5 * largest)


def check_final_weights(model, official):
    weights = dict(model.model.named_parameters())
    compared = 0
    for name, final in official['final_params'].items():
        ours = UNIVL_KEYS(name)
        if ours is None:
            # The unused poolers.
            assert torch.equal(final, official['init_state'][name])
            continue
        torch.testing.assert_close(weights[ours].data, final, rtol=0.,
                                   atol=5e-5)
        compared += 1
    assert compared == len(weights)
    start = from_official(official['init_state'])
    # Key biases and the similarity's bias have no gradient.
    still = {name for name, p in weights.items()
             if (p.data - start[name]).abs().max() < 5e-4}
    assert all(name.endswith(('key.bias', 'similarity.bias'))
               for name in still)
    for name, final in official['meltr_final'].items():
        parameter = model.meltr.state_dict()[name]
        if name == 'encoder.self_attn.in_proj_bias':
            # The gradient of the keys' third is zero but for rounding, and
            # Adam makes steps of it.
            third = len(final) // 3
            keep = torch.ones(len(final), dtype=torch.bool)
            keep[third:2 * third] = False
            parameter, final = parameter[keep], final[keep]
        torch.testing.assert_close(parameter, final, rtol=0., atol=5e-5)


def test_official_groups(load_fixture, config):
    """Decay and learning rate of each parameter, the text branch apart."""
    expected = {}
    for group in load_fixture('univl_extra.pt')['optimizer_groups']:
        for name in group['names']:
            expected[UNIVL_KEYS(name)] = group['lr'], group['weight_decay']
    expected.pop(None)  # the unused poolers
    # As the fixture's, but for the number of layers.
    config['bert']['num_hidden_layers'] = 1 + max(
        int(name.split('.')[3]) for name in expected
        if name.startswith('text_encoder.layers'))
    config['decoder_layers'] = 1
    model = MODELS.build(config)
    rate = dict(lr_mult=0.5)
    plain = dict(rate, decay_mult=0.)
    # The longest key that is part of a name counts.
    text = {
        'text_encoder': rate,
        'text_encoder.embeddings.LayerNorm': plain,
        **{
            f'text_encoder.layers.layer.{i}.{part}': plain
            for i in range(config['bert']['num_hidden_layers'])
            for part in ('attention.self.query.bias',
                         'attention.self.key.bias',
                         'attention.self.value.bias',
                         'attention.output.dense.bias',
                         'attention.output.LayerNorm',
                         'intermediate.dense.bias', 'output.dense.bias',
                         'output.LayerNorm')
        }
    }
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='BertAdam', lr=1e-4, weight_decay=0.01),
            paramwise_cfg=dict(
                DECAY_GROUPS,
                custom_keys={**DECAY_GROUPS['custom_keys'], **text})))
    names = {id(p): name for name, p in model.named_parameters()}
    groups = {
        names[id(group['params'][0])]: pytest.approx(
            (group['lr'], group['weight_decay']))
        for group in wrapper.optimizer.param_groups
    }
    assert groups == expected
