"""Official VIOLET checkpoints: which of their keys is which of ours."""
from typing import Iterable, Mapping, Optional

from torch import Tensor

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
# retrieval; MELTR's question answering calls its matching head `fc_vtm`.
# VIOLET's own fine-tuned files call their one head `fc`, whatever it is.
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
    'violet_open_ended_qa': {
        'fc.{}.{}': 'task.answer_head.{}.{}'
    },
    'violet_multiple_choice_qa': {
        'fc.{}.{}': 'task.choice_head.{}.{}'
    },
}
# What one can say of a file whose only head is `fc`.
FORMS = dict(
    pretrained='pretrained',
    retrieval='pretrained',
    open_ended_qa='violet_open_ended_qa',
    multiple_choice_qa='violet_multiple_choice_qa')


def violet_key_map(form: str, random_matching_head: bool = False) -> KeyMap:
    """Make the table of one form of the official checkpoints.

    Args:
        form (str): 'pretrained' (also retrieval), 'open_ended_qa',
            'multiple_choice_qa', or 'violet_' with one of these two: of
            VIOLET's own code.
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


def official_form(state_dict: Mapping[str, Tensor],
                  form: Optional[str] = None) -> str:
    """Tell which form an official checkpoint has.

    Args:
        state_dict (dict[str, Tensor]): Official keys.
        form (str, optional): What a file with the one head ``fc`` was
            trained for, one of :data:`FORMS`. Defaults to None: told by its
            shape and by the other heads.

    Returns:
        str: An argument for :func:`violet_key_map`.

    Raises:
        ValueError: If it cannot be told, or ``form`` does not fit.
    """
    roots = {key.split('.')[0] for key in state_dict}
    named = ('open_ended_qa' if 'fc_oe' in roots else
             'multiple_choice_qa' if 'fc_mc' in roots else None)
    if named:
        if form not in (None, named):
            raise ValueError(f'form must be {named!r}, as the heads of this '
                             f'file are called, but is {form!r}')
        return named
    scores = state_dict.get('fc.3.weight')
    answers = 1 if scores is None else len(scores)
    if form is None:
        if answers > 1:
            return 'violet_open_ended_qa'
        if 'fc_mtm' not in roots and scores is not None:
            raise ValueError(
                'form must be given, since the one head of this file, `fc`, '
                'has one output: it was trained for retrieval or for '
                'multiple choice. Set --form retrieval or '
                'multiple_choice_qa')
        return 'pretrained'
    if (form == 'open_ended_qa') != (answers > 1):
        raise ValueError(f'form {form!r} does not fit: the head `fc` has '
                         f'{answers} outputs')
    return FORMS[form]


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
                  random_matching_head: bool = False,
                  form: Optional[str] = None) -> dict:
    """Rename an official state dict of any form to ours.

    Args:
        state_dict (dict[str, Tensor]): Official keys.
        random_matching_head (bool): Leave the matching head of pre-training
            (or retrieval) out, as the official question answering does by
            giving its own another name. Defaults to False.
        form (str, optional): See :func:`official_form`.

    Returns:
        dict[str, Tensor]: Our keys.

    Raises:
        ValueError: Naming the keys that VIOLET does not have, or what is
            wrong with the form.
    """
    keys = violet_key_map(official_form(state_dict, form),
                          random_matching_head)
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
