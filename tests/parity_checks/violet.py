"""Replay a VIOLET fixture."""
from typing import Callable, Dict

import torch
from torch import Tensor

from meltr_mm.datasets.transforms.masking import hide_tokens
from meltr_mm.models.violet.checkpoint import official_form, violet_key_map
from meltr_mm.models.violet.tasks import matching_targets
from meltr_mm.models.violet.violet import Violet, VioletBatch, black_out
from parity_checks.meltr import (
    OUTPUT_RTOL,
    build_meltr,
    check_meltr,
    check_train_grad,
)
from parity_checks.recorded import recorded
from parity_checks.report import Report
from parity_checks.violet_batch import build_model, make_batch, preprocess

SECTIONS = ('outputs', 'alt_token_mask', 'meltr', 'train_grad')
SETTINGS = ('meltr.config', 'meltr.state_dict', 'meltr.gamma',
            'meltr.step.optimizer', 'meltr.step.lr', 'meltr.step.beta1',
            'meltr.step.beta2', 'meltr.step.weight_decay',
            'meltr.step.max_grad_norm')
NAMES = dict(
    task='loss_qa', vtm='loss_vtm', mtm='loss_mtm', mvm='loss_mvm')


def check(fixture: dict) -> Report:
    """Compare our VIOLET with everything that a fixture recorded.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: The comparison.

    Raises:
        ValueError: If the fixture is of an unknown task.
    """
    model = build_model(fixture)
    report = Report(
        ['inputs.img', *recorded(fixture, SECTIONS, SETTINGS)])
    frames, samples = make_batch(model, fixture)
    _check_outputs(report, fixture, model, frames, samples)
    if fixture['config']['task'] == 'retrieval':
        _check_ranking(report, fixture['outputs'], model, frames, samples)
    else:
        _check_answers(report, fixture['outputs'], model, frames, samples)

    names = fixture['config']['loss_names'].split(',')
    order = [NAMES[name] for name in names]

    def losses() -> Tensor:
        values = model(frames, samples, mode='loss', losses=order)
        return torch.stack([values[name] for name in order])

    def primary() -> Tensor:
        return model(
            frames, samples, mode='loss', losses=order[:1])[order[0]]

    for name, value in zip(names, losses()):
        report.close(f'outputs.loss_{name}', value,
                     fixture['outputs'][f'loss_{name}'], OUTPUT_RTOL)
    if 'task' not in names:  # retrieval: its task is the matching
        report.close('outputs.loss_task', primary(),
                     fixture['outputs']['loss_task'], OUTPUT_RTOL)
    meltr = build_meltr(fixture['meltr'])
    rename = violet_key_map(official_form(fixture['state_dict']))
    check_train_grad(report, fixture['train_grad'], model, rename,
                     meltr(losses()), primary())
    check_meltr(report, fixture['meltr'], model, meltr, primary, losses)
    if 'alt_token_mask' in fixture:
        _check_token_mask(report, fixture, model, frames, samples)
    return report


@torch.no_grad()
def _check_outputs(report: Report, fixture: dict, model: Violet,
                   inputs: Tensor, samples: list) -> None:
    expected = fixture['outputs']
    clean = inputs[:, 0]
    batch = VioletBatch(model, clean, samples, masked_targets=True)
    masked = black_out(clean, batch.field('patch_mask'), model.black_level())
    passes = []
    hook = model.fusion.register_forward_hook(
        lambda module, args, output: passes.append((args[1], output)))
    vtm = model.match(*model.task.matching_pairs(batch))
    hook.remove()
    n = batch.video.shape[1]
    close = _closer(report, 'outputs', expected)

    report.close('inputs.img', masked,
                 preprocess(model, fixture['inputs']['img'], samples)[:, 0],
                 OUTPUT_RTOL)
    close('img_normalized', masked[:1, :, :1].transpose(1, 2))
    close('swin_out', model.video_encoder.swin(masked))
    close('enc_img_feat', batch.video)
    report.equal('outputs.enc_img_mask', passes[0][0][:len(batch.video), :n],
                 expected['enc_img_mask'])
    close('enc_txt_feat', batch.text)
    close('enc_txt_feat_masked', batch.masked_text)
    close('cross_masked', batch.masked_states)
    close('cross_vtm', passes[0][1])
    close('out_mtm', model.mtm_head(batch.masked_states[:, n:]))
    close('out_mvm', model.mvm_head(batch.masked_states[:, :n]))
    close('out_vtm', vtm / model.temperature)
    report.equal('outputs.ans_vtm', matching_targets(vtm),
                 expected['ans_vtm'])


@torch.no_grad()
def _check_answers(report: Report, expected: Dict[str, Tensor], model: Violet,
                   inputs: Tensor, samples: list) -> None:
    batch = VioletBatch(model, inputs[:, 0], samples, masked_targets=True)
    close = _closer(report, 'outputs', expected)
    close('cross_task', batch.target_states)
    close('out_task', model.task.outputs(model, batch))
    close('out_task_clean_img', model(inputs, samples))
    predicted = model(inputs, samples, mode='predict')
    report.equal('outputs.pred_clean_img',
                 torch.cat([sample.pred_label for sample in predicted]),
                 expected['pred_clean_img'])


@torch.no_grad()
def _check_ranking(report: Report, expected: Dict[str, Tensor], model: Violet,
                   inputs: Tensor, samples: list) -> None:
    feats = model(inputs, samples)
    close = _closer(report, 'outputs', expected)
    close('out_vtm_clean_img', model.match(**feats) / model.temperature)
    by_video, by_text = model.predict_all(feats, samples, len(samples),
                                          len(samples))
    logits = torch.stack([sample.pred_score for sample in by_text])
    close('eval_logits_text_by_video', logits)
    close('eval_scores_text_by_video', logits.sigmoid())
    report.close('outputs.eval_logits_text_by_video',
                 torch.stack([sample.pred_score for sample in by_video]).T,
                 expected['eval_logits_text_by_video'], OUTPUT_RTOL,
                 variant='video to text')


@torch.no_grad()
def _check_token_mask(report: Report, fixture: dict, model: Violet,
                      inputs: Tensor, samples: list) -> None:
    """Replay the masks of single tokens in the place of whole options."""
    expected = fixture['alt_token_mask']
    masked, labels = hide_tokens(fixture['inputs']['txt'],
                                 expected['ans_mtm'] != -1)
    report.equal('alt_token_mask.m_txt', masked, expected['m_txt'])
    report.equal('alt_token_mask.ans_mtm', labels, expected['ans_mtm'])
    samples = [sample.clone() for sample in samples]
    for i, sample in enumerate(samples):
        sample.set_data(
            dict(masked_text_ids=masked[i], mtm_labels=labels[i]))
    close = _closer(report, 'alt_token_mask', expected)
    batch = VioletBatch(model, inputs[:, 0], samples)
    n = batch.masked_video.shape[1]
    close('out_mtm', model.mtm_head(batch.masked_states[:, n:]))
    losses = model(inputs, samples, mode='loss')
    for name, ours in NAMES.items():
        close(f'loss_{name}', losses[ours])


def _closer(report: Report, section: str,
            expected: Dict[str, Tensor]) -> Callable[[str, Tensor], None]:
    def close(name: str, value: Tensor) -> None:
        report.close(f'{section}.{name}', value, expected[name], OUTPUT_RTOL)

    return close
