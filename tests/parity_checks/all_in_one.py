"""Replay an All-in-one fixture."""
import math
from functools import partial
from typing import Callable, List

import torch
from torch import Tensor, nn

from meltr_mm.evaluation.retrieval import (
    query_ranks,
    rank_metrics,
)
from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import hypergradient
from meltr_mm.models.all_in_one import AllInOne, AllInOneBatch
from meltr_mm.models.all_in_one.checkpoint import ALL_IN_ONE_KEYS
from meltr_mm.models.all_in_one.heads import mean_cosine
from parity_checks.all_in_one_replay import (
    LOSSES,
    Replay,
    build_model,
    make_samples,
)
from parity_checks.meltr import (
    GRADIENT_FLOOR,
    GRADIENT_RTOL,
    OUTPUT_RTOL,
    build_meltr,
    check_hypergradient,
    check_stepped,
)
from parity_checks.recorded import recorded
from parity_checks.report import Report

SECTIONS = ('outputs', 'outputs_permuted', 'meltr', 'meltr_permuted',
            'meltr_float64', 'retrieval')
SETTINGS = ('meltr.state_dict', 'retrieval.text_embeds',
            'retrieval.video_embeds')
# Of the largest element. In single precision the recording itself is off by
# 8e-4: small differences of large numbers.
HYPERGRADIENT_RTOL = 5e-3
DOUBLE_RTOL = 1e-9
# Absolute, for numbers that are small differences of numbers near 1.
SMALL = 1e-6


def check(fixture: dict) -> Report:
    """Compare our All-in-one with everything that a fixture recorded.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: The comparison.
    """
    report = Report(recorded(fixture, SECTIONS, SETTINGS))
    replay = Replay(fixture)
    _check_outputs(report, 'outputs', fixture, replay)
    _check_choices(report, fixture, replay)
    _check_matching(report, fixture, replay)
    _check_meltr(report, 'meltr', fixture, replay)

    replay.permute(fixture['inputs']['patch_perm'])
    _check_outputs(report, 'outputs_permuted', fixture, replay)
    _check_meltr(report, 'meltr_permuted', fixture, replay)

    _check_double(report, fixture)
    _check_retrieval(report, fixture['retrieval'])
    return report


@torch.no_grad()
def _check_outputs(report: Report, section: str, fixture: dict,
                   replay: Replay) -> None:
    inputs, expected = fixture['inputs'], fixture[section]
    model, frames = replay.model, replay.frames
    samples = make_samples(inputs, inputs['vqa_labels'])
    batch = replay.batch(samples)
    itc = model.heads['itc']

    def close(name: str, value: Tensor) -> None:
        report.close(f'{section}.{name}', value, expected[name], OUTPUT_RTOL)

    hidden, padding = _joint_pass(model, batch)
    L = batch.text_mask.shape[1]
    close('joint_hidden', hidden)
    close('joint_mean', batch.joint_states)
    close('joint_raw_cls', batch.joint_states[:, 0])
    close('joint_cls_feats', model.pool(batch.joint_states))
    close('text_only_hidden_mean', batch.text_states)
    close('text_only_feats', itc.text_proj(batch.text_states))
    close('text_embed', itc.text_features(batch))
    close('video_only_hidden_mean', batch.video_states)
    close('video_only_feats', itc.video_proj(batch.video_states))
    close('video_embed', itc.video_features(batch))
    close('sim_matrix',
          mean_cosine(
              itc.text_features(batch)[None],
              itc.video_features(batch)[None]))
    close('visual_embed', model.vit.embed(frames))
    seen = (~padding[:, L:]).long().unflatten(0, hidden.shape[:2])
    report.equal(f'{section}.visual_mask', seen, expected['visual_mask'])
    report.equal(f'{section}.patch_index', _patch_index(fixture, replay),
                 expected['patch_index'])
    close('text_bert_embed', model.text_embeddings(inputs['text_ids']))
    close('mlm_logits', model.heads['mlm'].decoder(batch.masked_states[:, :L]))
    losses = model.loss(batch, [*replay.names, 'loss_qa'])
    for task, name in LOSSES.items():
        close(f'{task}_loss', losses[name])
    close('vqa_loss', losses['loss_qa'])
    close('vqa_logits', model(frames, samples))
    report.equal(f'{section}.forward_loss_keys_order',
                 _official_keys(replay.names),
                 expected['forward_loss_keys_order'])


def _joint_pass(model: AllInOne, batch: AllInOneBatch) -> tuple:
    """Give the states of every frame, and the padding that its layers see."""
    states, paddings = [], []
    hooks = [
        model.vit.register_forward_hook(
            lambda module, args, output: states.append(output)),
        model.vit.transformer_layers.layers[0].register_forward_pre_hook(
            lambda module, args, kwargs: paddings.append(
                kwargs['query_key_padding_mask']),
            with_kwargs=True)
    ]
    # The property is computed here, and kept by the batch.
    batch.joint_states  # noqa: B018
    for hook in hooks:
        hook.remove()
    return states[0], paddings[0]


def _patch_index(fixture: dict, replay: Replay) -> Tensor:
    """Read row and column of the patch in every place off the embedding."""
    config = fixture['config']
    vit = build_model(fixture).vit
    vit.patch_order = replay.model.vit.patch_order
    vit.draw_patch_order = replay.model.vit.draw_patch_order
    for parameter in vit.parameters():
        nn.init.zeros_(parameter)
    P = config['num_patches']
    vit.pos_embed[0, 1:, 0] = torch.arange(P)
    index = vit.embed(replay.frames)[:, :, 1:, 0].long()
    width = config['img'] // config['patch']
    return torch.stack([index // width, index % width], dim=-1)


def _official_keys(names: List[str]) -> List[str]:
    tasks = {own: task for task, own in LOSSES.items()}
    return [f'{tasks[name]}_loss' for name in names]


@torch.no_grad()
def _check_choices(report: Report, fixture: dict, replay: Replay) -> None:
    inputs, expected = fixture['inputs'], fixture['outputs']
    answer = inputs['answer']
    false = [inputs[f'false_text_{part}'] for part in ('ids', 'masks')]
    options = [inputs[f'options_text_{part}'] for part in ('ids', 'masks')]
    # Multiple choice leaves the last false text out; `irtr` always has the
    # true text first.
    cases = (('multiple_choice', 'rank', [part[:, :-1] for part in false],
              answer), ('irtr', 'rank', false, torch.zeros_like(answer)),
             ('mc_vqa', 'mc', options, answer))
    for name, head, (ids, masks), label in cases:
        samples = make_samples(
            inputs,
            label,
            option_ids=torch.cat([inputs['text_ids'][:, None], ids], dim=1),
            option_mask=torch.cat([inputs['text_masks'][:, None], masks],
                                  dim=1))
        batch, head = replay.batch(samples), replay.model.heads[head]
        report.close(f'outputs.{name}_scores',
                     head.outputs(replay.model, batch),
                     expected[f'{name}_scores'], OUTPUT_RTOL)
        report.close(f'outputs.{name}_loss',
                     head.answer_loss(replay.model, batch),
                     expected[f'{name}_loss'], OUTPUT_RTOL)


@torch.no_grad()
def _check_matching(report: Report, fixture: dict, replay: Replay) -> None:
    inputs, expected = fixture['inputs'], fixture['outputs']
    batch = replay.batch(
        make_samples(
            inputs,
            inputs['answer'],
            other_frames=inputs['false_video'].transpose(1, 2)))
    head = replay.model.heads['itm']
    for name, value in dict(
            itm_labels=batch.is_matched,
            itm_logits=head.logits(replay.model, batch),
            itm_loss=head.matching_loss(replay.model, batch),
            itm_wpa_loss=head.alignment_loss(replay.model, batch)).items():
        report.close(f'outputs.{name}', value, expected[name], OUTPUT_RTOL,
                     SMALL)
    report.equal('outputs.itm_loss_keys_order',
                 [name.replace('loss_itm', 'itm_loss').replace(
                     'loss_wpa', 'itm_wpa_loss')
                  for name in head.loss_functions()],
                 expected['itm_loss_keys_order'])


def _check_meltr(report: Report, section: str, fixture: dict,
                 replay: Replay) -> None:
    expected, config = fixture[section], fixture['config']
    losses, primary = _loss_functions(fixture, replay)
    values = losses()
    weights, total = _melt(replay.meltr, values)
    grads = torch.autograd.grad(
        total, list(replay.model.parameters()), allow_unused=True)
    names = [name for name, _ in replay.model.named_parameters()]

    report.equal(f'{section}.loss_keys', _official_keys(replay.names),
                 expected['loss_keys'])
    report.equal(f'{section}.input_shape', [1, len(values), 1],
                 expected['input_shape'])
    report.close(f'{section}.losses', values, expected['losses'], OUTPUT_RTOL)
    report.close(f'{section}.meltr_out', total,
                 expected['meltr_out'].squeeze(), OUTPUT_RTOL, SMALL)
    report.close(f'{section}.dmeltr_dlosses', weights,
                 expected['dmeltr_dlosses'], OUTPUT_RTOL)
    norms = expected['dmeltr_dW_norm']
    by_name = dict(zip(names, grads))
    for name, norm in norms.items():
        grad = by_name[ALL_IN_ONE_KEYS(name)]
        report.close(f'{section}.dmeltr_dW_norm.{name}',
                     torch.zeros(()) if grad is None else grad.norm(),
                     torch.as_tensor(norm), GRADIENT_RTOL,
                     GRADIENT_FLOOR * max(norms.values()))
    report.equal(f'{section}.dmeltr_dW_unused',
                 [name for name, grad in by_name.items() if grad is None],
                 [ALL_IN_ONE_KEYS(name)
                  for name in expected['dmeltr_dW_unused']])
    for task in config['current_tasks']:
        _check_hypergradient(report, section, task, expected, fixture, replay,
                             losses, partial(primary, task),
                             HYPERGRADIENT_RTOL)
    # The official primary task is the first.
    task = config['current_tasks'][0]
    _check_step(report, section, fixture, replay,
                expected[f'hypergrad_pri_{task}'], losses,
                partial(primary, task))


def _loss_functions(fixture: dict, replay: Replay) -> tuple:
    """Give functions -> (T,) task losses, and task -> () its loss."""
    inputs = fixture['inputs']
    samples = make_samples(inputs, inputs['vqa_labels'])
    return (partial(replay.losses, samples),
            lambda task: replay.losses(samples, [LOSSES[task]])[0])


def _melt(meltr: MELTR, values: Tensor) -> tuple:
    total = meltr(values)
    weights, = torch.autograd.grad(total, values, retain_graph=True)
    return weights, total


def _check_hypergradient(report: Report, section: str, task: str,
                         expected: dict, fixture: dict, replay: Replay,
                         losses: Callable, primary: Callable,
                         rtol: float) -> None:
    entries = [f'hypergrad_pri_{task}']
    if f'{entries[0]}_none' in expected:
        entries += [f'{entries[0]}_none', f'{entries[0]}_val_loss']
    check_hypergradient(
        report, section, expected, entries, replay.meltr,
        partial(hypergradient, replay.model, replay.meltr, primary, losses,
                gamma=fixture['config']['gamma']),
        grad_rtol=rtol, floor=min(rtol, GRADIENT_FLOOR))


def _check_step(report: Report, section: str, fixture: dict, replay: Replay,
                grads: dict, losses: Callable, primary: Callable) -> None:
    """Take one clipped step of Adam, on a fresh copy of MELTR."""
    expected, meta = fixture[section], fixture['config']['meta']
    meltr = build_meltr(
        dict(
            config=fixture['config']['meltr'],
            state_dict=fixture['meltr']['state_dict']))
    result = hypergradient(
        replay.model, meltr, primary, losses, gamma=fixture['config']['gamma'])
    for name, parameter in meltr.named_parameters():
        parameter.grad = result.grads.get(name)
    norm = nn.utils.clip_grad_norm_(meltr.parameters(), meta['max_grad_norm'])
    report.close(f'{section}.meta_step_grad_norm_before_clip', norm,
                 torch.tensor(expected['meta_step_grad_norm_before_clip']),
                 HYPERGRADIENT_RTOL)
    torch.optim.Adam(
        meltr.parameters(),
        lr=meta['lr'],
        betas=(meta['beta1'], meta['beta2']),
        weight_decay=meta['weight_decay']).step()
    check_stepped(report, f'{section}.meta_step_state_dict_after', meltr,
                  expected['meta_step_state_dict_after'], grads, meta['lr'],
                  HYPERGRADIENT_RTOL)


def _check_double(report: Report, fixture: dict) -> None:
    expected = fixture['meltr_float64']
    replay = Replay(fixture, torch.float64)
    losses, primary = _loss_functions(fixture, replay)
    values = losses()
    weights, total = _melt(replay.meltr, values)
    for name, value in dict(
            losses=values, meltr_out=total, dmeltr_dlosses=weights).items():
        report.close(f'meltr_float64.{name}', value,
                     expected[name].reshape(value.shape), DOUBLE_RTOL)
    for task in fixture['config']['current_tasks']:
        _check_hypergradient(report, 'meltr_float64', task, expected, fixture,
                             replay, losses, partial(primary, task),
                             DOUBLE_RTOL)


def _check_retrieval(report: Report, retrieval: dict) -> None:
    sims = mean_cosine(retrieval['text_embeds'], retrieval['video_embeds'])
    report.close('retrieval.sims', sims, retrieval['sims'], OUTPUT_RTOL)
    # The official ties: the best rank one way, the mean rank the other. They
    # are compared on the recorded matrix, where ties are exact.
    scores = retrieval['sims'].numpy()
    for name, rows, ties in (('text_to_video', scores, 'optimistic'),
                             ('video_to_text', scores.T, 'mean')):
        cuts = [int(key[1:]) for key in retrieval[name]
                if key[0] == 'R' and key[1:].isdigit()]
        metrics = {
            key.replace('@', ''): value
            for key, value in rank_metrics(
                query_ranks(rows, ties=ties), cuts).items()
        }
        for key, value in retrieval[name].items():
            if key.startswith('geometric_mean_'):
                factors = key[len('geometric_mean_'):].split('-')
                product = math.prod(metrics[factor] for factor in factors)
                metrics[key] = product**(1 / len(factors))
            ours, official = torch.tensor([metrics[key], value]).double()
            report.close(f'retrieval.{name}.{key}', ours, official, 1e-6)
