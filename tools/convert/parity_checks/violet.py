"""Replay a VIOLET fixture."""
from typing import List

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from meltr_mm.models.layers import load_strict
from meltr_mm.models.violet.batch import VioletBatch
from meltr_mm.models.violet.checkpoint import (
    from_official,
    official_form,
    violet_key_map,
)
from meltr_mm.models.violet.losses import matching_targets
from meltr_mm.models.violet.masking import black_out
from meltr_mm.models.violet.violet import Violet
from parity_checks.meltr import (
    OUTPUT_RTOL,
    build_meltr,
    check_meltr,
    check_train_grad,
)
from parity_checks.recorded import recorded
from parity_checks.report import Report

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
        ValueError: If the fixture is of a task that is not built.
    """
    task = fixture['config']['task']
    if task != 'qaoe':
        raise ValueError(
            f"only VIOLET's open-ended question answering ('qaoe') can be "
            f'compared, but this fixture is of {task!r}')
    report = Report(
        ['inputs.img', *recorded(fixture, SECTIONS, SETTINGS)])
    model = build_model(fixture)
    frames, samples = make_batch(model, fixture)
    _check_outputs(report, fixture, model, frames, samples)

    order = [NAMES[name]
             for name in fixture['config']['loss_names'].split(',')]

    def losses() -> Tensor:
        values = model(frames, samples, mode='loss', losses=order)
        return torch.stack([values[name] for name in order])

    def primary() -> Tensor:
        return model(
            frames, samples, mode='loss', losses=order[:1])[order[0]]

    for name, value in zip(fixture['config']['loss_names'].split(','),
                           losses(), strict=True):
        report.close(f'outputs.loss_{name}', value,
                     fixture['outputs'][f'loss_{name}'], OUTPUT_RTOL)
    meltr = build_meltr(fixture['meltr'])
    rename = violet_key_map(official_form(fixture['state_dict']))
    check_train_grad(report, fixture['train_grad'], model, rename,
                     meltr(losses()), primary())
    check_meltr(report, fixture['meltr'], model, meltr, primary, losses)
    return report


def build_model(fixture: dict) -> Violet:
    """Build our model with the recorded sizes and weights, in eval mode.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Violet: With the official behaviour: masked frames for all losses.
    """
    config = fixture['config']
    model = MODELS.build(
        dict(
            type='Violet',
            task=dict(
                type='VioletOpenEndedQA',
                num_answers=config['n_answers'],
                dropout=config['head_dropout_task']),
            video_encoder=dict(
                swin=dict(
                    arch=dict(
                        embed_dims=config['swin_embed_dim'],
                        depths=config['swin_depths'],
                        num_heads=config['swin_heads']),
                    window_size=config['swin_window'],
                    patch_size=config['swin_patch']),
                num_positions=config['emb_pos_grid']**2 + 1,
                max_frames=config['emb_len_max']),
            bert=dict(
                vocab_size=config['vocab'],
                hidden_size=config['hidden'],
                num_hidden_layers=config['bert_layers'],
                num_attention_heads=config['bert_heads'],
                intermediate_size=config['bert_intermediate'],
                max_position_embeddings=config['bert_max_pos'],
                type_vocab_size=config['bert_type_vocab']),
            num_codes=config['num_codes'],
            masked_frames_for_target=True,
            data_preprocessor=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCTHW')))
    load_strict(model, from_official(fixture['state_dict']))
    return model.eval()


def make_batch(model: Violet,
               fixture: dict) -> tuple:
    """Turn the recorded inputs into a batch as our pipeline makes it.

    Args:
        model (Violet): Its preprocessor normalises the clean frames.
        fixture (dict): Content of the file.

    Returns:
        tuple[Tensor, list[ActionDataSample]]: Inputs and data samples.
    """
    inputs, config = fixture['inputs'], fixture['config']
    T, h, w = config['T'], config['h'], config['w']
    # A cell is masked where it has a code to predict.
    cells = inputs['ans_mvm'].view(-1, T, 1 + h * w)[:, :, 1:]
    patch_mask = (cells != -1).view(-1, T, h, w)
    samples = []
    for i, answer in enumerate(inputs['ans']):
        sample = ActionDataSample().set_gt_label(answer)
        sample.set_data(
            dict(
                text_ids=inputs['txt'][i],
                text_mask=inputs['mask'][i],
                masked_text_ids=inputs['m_txt'][i],
                mtm_labels=inputs['ans_mtm'][i],
                mvm_labels=inputs['ans_mvm'][i],
                patch_mask=patch_mask[i]))
        samples.append(sample)
    return _preprocess(model, inputs['img_clean'], samples), samples


def _preprocess(model: Violet, images: Tensor,
                samples: List[ActionDataSample]) -> Tensor:
    # Recorded as (B, T, 3, H, W) in [0, 1].
    clips = list(255 * images.transpose(1, 2)[:, None])
    return model.data_preprocessor(
        dict(inputs=clips, data_samples=samples))['inputs']


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
    scores = model.task.scores(model, batch)
    vtm = model.match(batch.video, batch.text, batch.text_mask)
    hook.remove()
    n = batch.video.shape[1]

    def close(name: str, value: Tensor) -> None:
        report.close(f'outputs.{name}', value, expected[name], OUTPUT_RTOL)

    report.close('inputs.img', masked,
                 _preprocess(model, fixture['inputs']['img'], samples)[:, 0],
                 OUTPUT_RTOL)
    close('img_normalized', masked[:1, :, :1].transpose(1, 2))
    close('swin_out', model.video_encoder.swin(masked))
    close('enc_img_feat', batch.video)
    report.equal('outputs.enc_img_mask', passes[0][0][:, :n],
                 expected['enc_img_mask'])
    close('enc_txt_feat', batch.text)
    close('enc_txt_feat_masked', batch.masked_text)
    close('cross_task', batch.target_states)
    close('cross_masked', batch.masked_states)
    close('cross_vtm', passes[1][1])
    close('out_mtm', model.mtm_head(batch.masked_states[:, n:]))
    close('out_mvm', model.mvm_head(batch.masked_states[:, :n]))
    close('out_vtm', vtm / model.temperature)
    report.equal('outputs.ans_vtm', matching_targets(vtm),
                 expected['ans_vtm'])
    close('out_task', scores)
    close('out_task_clean_img', model(inputs, samples))
    predicted = model(inputs, samples, mode='predict')
    report.equal('outputs.pred_clean_img',
                 torch.cat([sample.pred_label for sample in predicted]),
                 expected['pred_clean_img'])
