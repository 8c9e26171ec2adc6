"""Official VIOLET checkpoints: which of their keys is which of ours."""
from typing import Iterable, Mapping

from ..layers import KeyMap

_SWIN_BLOCK = ('norm1.{}', 'norm2.{}', 'attn.relative_position_bias_table',
               'attn.relative_position_index', 'attn.qkv.{}', 'attn.proj.{}',
               'mlp.fc1.{}', 'mlp.fc2.{}')

_BERT_LAYER = ('attention.self.{}.{}', 'attention.output.{}.{}',
               'intermediate.dense.{}', 'output.{}.{}')

# What every VIOLET has, whatever it was trained for.
_BODY = {
    'enc_img.emb_cls': 'video_encoder.cls_embed',
    'enc_img.emb_pos': 'video_encoder.pos_embed',
    'enc_img.emb_len': 'video_encoder.frame_embed',
    'enc_img.norm.{}': 'video_encoder.norm.{}',
    'enc_img.swin.patch_embed.{}.{}': 'video_encoder.swin.patch_embed.{}.{}',
    **{
        f'enc_img.swin.layers.{{}}.blocks.{{}}.{part}':
        f'video_encoder.swin.layers.{{}}.blocks.{{}}.{part}'
        for part in _SWIN_BLOCK
    },
    'enc_img.swin.layers.{}.downsample.{}.{}':
    'video_encoder.swin.layers.{}.downsample.{}.{}',
    # MMAction2 numbers the norm by its stage.
    'enc_img.swin.norm.{}': 'video_encoder.swin.norm3.{}',
    # A constant that transformers < 4.31 saved.
    'enc_txt.emb_txt.position_ids': None,
    'enc_txt.emb_txt.{}.{}': 'text_embeddings.{}.{}',
    **{
        f'trsfr.layer.{{}}.{part}': f'fusion.layer.{{}}.{part}'
        for part in _BERT_LAYER
    },
    'fc_mtm.predictions.bias': 'mtm_head.predictions.bias',
    'fc_mtm.predictions.decoder.{}': 'mtm_head.predictions.decoder.{}',
    'fc_mtm.predictions.transform.{}.{}':
    'mtm_head.predictions.transform.{}.{}',
    'fc_mvm.{}.{}': 'mvm_head.{}.{}',
}

# The heads that differ. `fc` is the matching head of pre-training and of
# retrieval; question answering calls its matching head `fc_vtm`.
_HEADS = {
    'pretrained': {
        'fc.{}.{}': 'vtm_head.{}.{}'
    },
    'open_ended_qa': {
        'fc_oe.{}.{}': 'task.answer_head.{}.{}',
        'fc_vtm.{}.{}': 'vtm_head.{}.{}'
    },
    'multiple_choice_qa': {
        'fc_mc.{}.{}': 'task.choice_head.{}.{}',
        'fc_vtm.{}.{}': 'vtm_head.{}.{}'
    },
}


def violet_key_map(form: str, random_matching_head: bool = False) -> KeyMap:
    """Make the table of one form of the official checkpoints.

    Args:
        form (str): 'pretrained' (also retrieval), 'open_ended_qa' or
            'multiple_choice_qa'.
        random_matching_head (bool): Drop the matching head of the form
            'pretrained'. Defaults to False.

    Returns:
        KeyMap: Official keys -> keys of :class:`Violet`.

    Raises:
        ValueError: If there is no such form.
    """
    if form not in _HEADS:
        raise ValueError(
            f'form must be one of {list(_HEADS)}, but got {form!r}')
    heads = dict(_HEADS[form])
    if random_matching_head and form == 'pretrained':
        heads['fc.{}.{}'] = None
    return KeyMap({**_BODY, **heads}, f'VIOLET, {form}')


def official_form(keys: Iterable[str]) -> str:
    """Tell from its keys which form an official checkpoint has.

    Args:
        keys (Iterable[str]): Official keys.

    Returns:
        str: An argument for :func:`violet_key_map`.
    """
    roots = {key.split('.')[0] for key in keys}
    if 'fc_oe' in roots:
        return 'open_ended_qa'
    return 'multiple_choice_qa' if 'fc_mc' in roots else 'pretrained'


def own_form(keys: Iterable[str]) -> str:
    """Tell from its keys which official form a checkpoint of ours takes.

    Args:
        keys (Iterable[str]): Keys of :class:`Violet`.

    Returns:
        str: An argument for :func:`violet_key_map`.
    """
    heads = {key.split('.')[1] for key in keys if key.startswith('task.')}
    if 'answer_head' in heads:
        return 'open_ended_qa'
    return 'multiple_choice_qa' if 'choice_head' in heads else 'pretrained'


def from_official(state_dict: Mapping,
                  random_matching_head: bool = False) -> dict:
    """Rename an official state dict of any form to ours.

    Args:
        state_dict (dict[str, Tensor]): Official keys.
        random_matching_head (bool): Leave the matching head of pre-training
            (or retrieval) out, as the official question answering does by
            giving its own another name. Defaults to False.

    Returns:
        dict[str, Tensor]: Our keys.

    Raises:
        ValueError: Naming the keys that VIOLET does not have.
    """
    keys = violet_key_map(official_form(state_dict), random_matching_head)
    return keys.rename(state_dict)


def to_official(state_dict: Mapping) -> dict:
    """Rename a state dict of ours to the official form of its task.

    Args:
        state_dict (dict[str, Tensor]): Our keys.

    Returns:
        dict[str, Tensor]: Official keys.

    Raises:
        ValueError: Naming the keys that :class:`Violet` does not have.
    """
    return violet_key_map(own_form(state_dict)).inverse().rename(state_dict)
