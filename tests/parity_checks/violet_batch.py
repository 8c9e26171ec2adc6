"""Our VIOLET and its batch, from what a fixture recorded."""
from typing import List, Tuple

from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from meltr_mm.models.layers import load_strict
from meltr_mm.models.violet.checkpoint import from_official
from meltr_mm.models.violet.violet import Violet
from parity_checks.samples import split_batch

TASKS = dict(
    qaoe='VioletOpenEndedQA',
    qamc='VioletMultipleChoiceQA',
    retrieval='VioletRetrieval')


def build_model(fixture: dict) -> Violet:
    """Build our model with the recorded sizes and weights, in eval mode.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Violet: With the official behaviour: masked frames for all losses,
        and the official matching of multiple choice.

    Raises:
        ValueError: If the fixture is of another task.
    """
    config = fixture['config']
    model = MODELS.build(
        dict(
            type='Violet',
            task=_task(config),
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


def _task(config: dict) -> dict:
    if config['task'] not in TASKS:
        raise ValueError(
            f'only the VIOLET tasks {list(TASKS)} can be compared, but this '
            f"fixture is of {config['task']!r}")
    task = dict(type=TASKS[config['task']])
    if config['task'] != 'retrieval':
        task['dropout'] = config['head_dropout_task']
    if config['task'] == 'qaoe':
        task['num_answers'] = config['n_answers']
    if config['task'] == 'qamc':
        task['official_matching'] = True
    return task


def make_batch(model: Violet,
               fixture: dict) -> Tuple[Tensor, List[ActionDataSample]]:
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
    samples = split_batch(
        dict(
            text_ids=inputs['txt'],
            text_mask=inputs['mask'],
            masked_text_ids=inputs['m_txt'],
            mtm_labels=inputs['ans_mtm'],
            mvm_labels=inputs['ans_mvm'],
            patch_mask=patch_mask))
    for i, sample in enumerate(samples):
        sample.set_metainfo(dict(sample_idx=i, video_id=f'video{i}'))
        if 'ans' in inputs:
            sample.set_gt_label(inputs['ans'][i])
    return preprocess(model, inputs['img_clean'], samples), samples


def preprocess(model: Violet, images: Tensor,
               samples: List[ActionDataSample]) -> Tensor:
    """Normalise recorded frames, (B, T, 3, H, W) in [0, 1].

    Args:
        model (Violet): Its preprocessor is used.
        images (Tensor): The frames.
        samples (list[ActionDataSample]): Their data samples.

    Returns:
        Tensor: (B, 1, 3, T, H, W).
    """
    clips = list(255 * images.transpose(1, 2)[:, None])
    return model.data_preprocessor(
        dict(inputs=clips, data_samples=samples))['inputs']
