"""Replay a UniVL fixture."""
import re
from functools import partial
from typing import List

import torch
from mmaction.registry import MODELS
from torch import Tensor, nn

from meltr_mm.datasets.transforms.tokenizing import caption_text
from meltr_mm.evaluation import retrieval_metrics
from meltr_mm.meltr.hypergradient import hypergradient
from meltr_mm.models.layers import load_strict
from meltr_mm.models.univl.checkpoint import UNIVL_KEYS, from_official
from meltr_mm.models.univl.univl import UniVL, UniVLBatch
from parity_checks.meltr import (
    ESTIMATORS,
    GRADIENT_FLOOR,
    build_meltr,
    check_hypergradient,
    largest,
)
from parity_checks.recorded import recorded
from parity_checks.report import Report
from parity_checks.samples import split_batch

# Of the largest element: a float64 run of the official code differs from its
# float32 run by 5e-6, two float32 implementations by about as much.
OUTPUT_RTOL = 1e-5
GRADIENT_RTOL = 1e-4

SECTIONS = ('outputs', 'caption', 'retrieval', 'meltr')
SETTINGS = ('caption.max_words', 'caption.beam_size',
            'caption.sample_indices', 'meltr.dims', 'meltr.nhead',
            'meltr.state_dict')
SCENARIO_SETTINGS = ('target_tasks', 'gamma', 'use_reg')

# Ours -> the loaders' names.
FIELDS = dict(
    text_ids='input_ids',
    text_mask='input_mask',
    video_mask='video_mask',
    masked_text_ids='pairs_masked_text',
    mlm_labels='pairs_token_labels',
    mfm_labels='video_labels_index',
    caption_ids='pairs_input_caption_ids',
    caption_mask='pairs_decoder_mask',
    caption_labels='pairs_output_caption_ids')


def check(fixture: dict) -> Report:
    """Compare our UniVL with everything that a fixture recorded.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: The comparison.
    """
    scenarios = [name for name, entry in fixture['meltr'].items()
                 if isinstance(entry, dict) and 'target_tasks' in entry]
    settings = [
        f'meltr.{scenario}.{setting}'
        for scenario in scenarios for setting in (
            *SCENARIO_SETTINGS,
            *(key for key in fixture['meltr'][scenario]
              if key.startswith('max_norm_')))
    ]
    report = Report(recorded(fixture, SECTIONS, (*SETTINGS, *settings)))
    model = build_model(fixture['config'], fixture['state_dict'])
    features, samples = make_batch(fixture['inputs'])
    names = loss_names(fixture['task_order'])

    def losses() -> Tensor:
        values = model(features, samples, mode='loss', losses=names)
        return torch.stack([values[name] for name in names])

    for task, value in zip(fixture['task_order'], losses()):
        report.close(f'outputs.loss_{task}', value,
                     fixture['outputs'][f'loss_{task}'], OUTPUT_RTOL)
    _check_outputs(report, fixture['outputs'], model, features, samples)
    _check_captions(report, fixture, model, features, samples)
    _check_retrieval(report, fixture['retrieval'], model, features, samples)

    entry = fixture['meltr']
    meltr = build_meltr(
        dict(
            config=dict(entry['dims'], nhead=entry['nhead']),
            state_dict=entry['state_dict']))
    _check_meltr(report, entry, meltr, losses())
    for scenario in scenarios:
        _check_hypergradient(report, f'meltr.{scenario}', entry[scenario],
                             model, meltr, losses)
    return report


def loss_names(task_order: List[str]) -> List[str]:
    """Name our losses in the fixture's order.

    Args:
        task_order (list[str]): Official task names.

    Returns:
        list[str]: Ours.
    """
    return [f'loss_{task}' for task in task_order]


def build_model(config: dict, state_dict: dict) -> UniVL:
    """Build our model with recorded sizes and weights, in eval mode.

    Args:
        config (dict): Entry 'config' of a fixture.
        state_dict (dict[str, Tensor]): Official weights.

    Returns:
        UniVL: With the official behaviour and decoding.
    """
    dropout = config.get('dropout', 0.1)
    model = MODELS.build(
        dict(
            type='UniVL',
            task=dict(
                type='UniVLCaptioning',
                max_length=config['max_words'],
                stopping='official',
                start_id=config['cls_id'],
                end_id=config['sep_id']),
            bert=dict(
                vocab_size=config['vocab_size'],
                hidden_size=config['hidden_size'],
                num_hidden_layers=config['text_num_hidden_layers'],
                num_attention_heads=config['num_attention_heads'],
                intermediate_size=config['intermediate_size'],
                hidden_act=config['hidden_act'],
                max_position_embeddings=config[
                    'text_max_position_embeddings'],
                type_vocab_size=config['type_vocab_size'],
                layer_norm_eps=config['layer_norm_eps'],
                hidden_dropout_prob=dropout,
                attention_probs_dropout_prob=dropout),
            feature_dim=config['video_dim'],
            video_layers=config['visual_num_hidden_layers'],
            cross_layers=config['cross_num_hidden_layers'],
            decoder_layers=config['decoder_num_hidden_layers'],
            max_frames=config['visual_max_position_embeddings'],
            max_pair_length=config['cross_max_position_embeddings'],
            margin=config['margin'],
            normalize_joint=not config['use_mil'],
            loss_rules='official',
            data_preprocessor=dict(type='ActionDataPreprocessor')))
    load_strict(model, from_official(state_dict))
    return model.eval()


def make_batch(inputs: dict) -> tuple:
    """Turn recorded loader arrays into a batch as our pipeline makes it.

    Args:
        inputs (dict[str, Tensor]): Arrays of (B, 1, ...).

    Returns:
        tuple[Tensor, list[ActionDataSample]]: Features and data samples.
    """
    samples = split_batch(
        {ours: inputs[theirs][:, 0] for ours, theirs in FIELDS.items()})
    return inputs['video'][:, 0], samples


@torch.no_grad()
def _check_outputs(report: Report, expected: dict, model: UniVL,
                   features: Tensor, samples: list) -> None:
    batch = UniVLBatch(model, features, samples)
    masks = batch.text_mask, batch.video_mask
    W = masks[0].shape[1]
    matrix = model.video_encoder.projection.weight.t()
    values = dict(
        normalized_video=batch.frames,
        normalized_masked_video=batch.masked_frames,
        text_hidden=batch.text,
        visual_hidden=batch.video,
        masked_text_hidden=batch.masked_text,
        masked_visual_hidden=batch.masked_video,
        cross_hidden=batch.states,
        cross_pooled=model.cross_encoder.pooler(batch.states),
        masked_cross_hidden=batch.masked_states,
        masked_cross_pooled=model.cross_encoder.pooler(batch.masked_states),
        mlm_logits=model.word_scores(batch.masked_states[:, :W]),
        mfm_scores=model.frame_head(batch.masked_states[:, W:], matrix),
        decoder_logits=model.caption_scores(
            model.decode(batch, batch.states)),
        masked_decoder_logits=model.caption_scores(
            model.decode(batch, batch.masked_states)))
    for kind, text, video in (('', batch.text, batch.video),
                              ('masked_', batch.masked_text,
                               batch.masked_video)):
        pairs = text, masks[0], video, masks[1]
        values[f'{kind}joint_similarity'] = model.joint_scores(*pairs)
        values[f'{kind}aligned_similarity'] = model.alignment_scores(*pairs)
    for name, value in values.items():
        report.close(f'outputs.{name}', value, expected[name], OUTPUT_RTOL)


def _check_captions(report: Report, fixture: dict, model: UniVL,
                    features: Tensor, samples: list) -> None:
    expected, vocabulary = fixture['caption'], fixture['vocab']
    task = model.task
    end = task.search['end']
    subsets = dict(
        two=expected['sample_indices'], all=list(range(len(samples))))
    for key in expected:
        match = re.fullmatch(r'(two|all)_beam(\d+)_sequences', key)
        if not match:
            continue
        rows = subsets[match[1]]
        task.search.update(
            beam_size=int(match[2]), max_length=expected['max_words'])
        batch = UniVLBatch(model, features[rows], [samples[i] for i in rows])
        found = task.hypotheses(model, batch)
        best = [hypotheses[0].tokens for hypotheses in found]
        path = f'caption.{key.split("_sequences")[0]}'
        entry = key.split('_sequences')[0]
        report.same(f'{path}_sequences', best, expected[key])
        report.same(f'{path}_all_hypotheses',
                    [[h.tokens for h in hypotheses] for hypotheses in found],
                    expected[f'{entry}_all_hypotheses'])
        report.close(
            f'{path}_scores',
            torch.tensor([[h.score for h in hypotheses]
                          for hypotheses in found]),
            expected[f'{entry}_scores'], OUTPUT_RTOL)
        report.same(f'{path}_done', [tokens[-1] == end for tokens in best],
                    expected[f'{entry}_done'])
        if match[1] == 'all' and int(match[2]) == expected['beam_size']:
            report.same('caption.all_texts', _texts(best, vocabulary),
                        expected['all_texts'])
    labels = [sample.caption_labels.tolist() for sample in samples]
    report.same('caption.all_references', _texts(labels, vocabulary),
                expected['all_references'])


def _texts(sequences: list, vocabulary: list) -> list:
    return [caption_text([vocabulary[i] for i in sequence])
            for sequence in sequences]


@torch.no_grad()
def _check_retrieval(report: Report, expected: dict, model: UniVL,
                     features: Tensor, samples: list) -> None:
    batch = UniVLBatch(model, features, samples)
    scores = model.alignment_scores(batch.text, batch.text_mask, batch.video,
                                    batch.video_mask)
    metrics = retrieval_metrics(scores.numpy(), ties='official')
    values = {
        name: metrics['MedR'] if name == 'MR' else
        metrics[f'R@{name[1:]}'] / 100
        for name in expected
    }
    for name, value in values.items():
        report.close(f'retrieval.{name}', torch.tensor(value),
                     torch.tensor(expected[name]), OUTPUT_RTOL)


def _check_meltr(report: Report, expected: dict, meltr: nn.Module,
                 values: Tensor) -> None:
    values = values.detach().requires_grad_()
    output = meltr(values)
    weights, = torch.autograd.grad(output, values)
    for name, value in (('input', values), ('output', output),
                        ('task_weights', weights)):
        report.close(f'meltr.{name}', value, expected[name].squeeze(),
                     OUTPUT_RTOL)


def _check_hypergradient(report: Report, path: str, expected: dict,
                         model: UniVL, meltr: nn.Module, losses) -> None:
    target = torch.tensor(expected['target_tasks'], dtype=torch.float32)
    gamma = expected['gamma'] if expected['use_reg'] else 0.

    def primary() -> Tensor:
        return losses() @ target

    _check_backbone(report, path, expected, model, meltr, losses(), target,
                    gamma)
    results = check_hypergradient(
        report, path, expected, ('raw', 'raw_is_none', 'val_loss'), meltr,
        partial(hypergradient, model, meltr, primary, losses, gamma=gamma),
        OUTPUT_RTOL, GRADIENT_RTOL)
    for estimator, result in zip(ESTIMATORS, results):
        norm = torch.stack([g.norm() for g in result.grads.values()]).norm()
        report.close(f'{path}.raw_total_norm', norm,
                     expected['raw_total_norm'], GRADIENT_RTOL,
                     variant=estimator)
    for key in expected:
        if key.startswith('p_grad_'):
            limit = expected[key.replace('p_grad', 'max_norm')]
            _check_clipped(report, f'{path}.{key}', expected[key], meltr,
                           result.grads, limit)


def _check_backbone(report: Report, path: str, expected: dict, model: UniVL,
                    meltr: nn.Module, values: Tensor, target: Tensor,
                    gamma: float) -> None:
    total = meltr(values)
    gap = (values.sum() - total).abs()
    report.close(f'{path}.train_loss', total,
                 expected['train_loss'].squeeze(), OUTPUT_RTOL)
    if 'reg' in expected:
        report.close(f'{path}.reg', gap, expected['reg'], OUTPUT_RTOL)
    for key, loss in (('grad_train_wrt_backbone', total),
                      ('grad_val_wrt_backbone',
                       values @ target + gamma * gap)):
        if key not in expected:
            continue
        names, parameters = zip(*model.named_parameters())
        grads = dict(zip(names, torch.autograd.grad(
            loss, parameters, retain_graph=True, allow_unused=True)))
        floor = GRADIENT_FLOOR * largest(expected[key])
        for name, grad in expected[key].items():
            report.close(f'{path}.{key}.{name}', grads[UNIVL_KEYS(name)],
                         grad, GRADIENT_RTOL, floor)


def _check_clipped(report: Report, path: str, expected: dict,
                   meltr: nn.Module, grads: dict, limit: float) -> None:
    parameters = dict(meltr.named_parameters())
    for name, parameter in parameters.items():
        grad = grads.get(name)
        parameter.grad = None if grad is None else grad.clone()
    nn.utils.clip_grad_norm_(meltr.parameters(), limit)
    floor = GRADIENT_FLOOR * largest(expected)
    for name, grad in expected.items():
        report.close(f'{path}.{name}', parameters[name].grad, grad,
                     GRADIENT_RTOL, floor)
