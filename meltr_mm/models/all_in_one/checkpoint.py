"""Official All-in-one checkpoints: which of their keys is which of ours."""
from typing import Dict, Mapping, Optional

from torch import Tensor

from ..layers import KeyMap

_BODY = {
    # A constant that transformers < 4.31 saved.
    'text_embeddings.position_ids': None,
    'text_embeddings.{}.{}': 'text_embeddings.{}.{}',
    'token_type_embeddings.weight': 'modality_embeddings.weight',
    'transformer.cls_token': 'vit.cls_token',
    'transformer.pos_embed': 'vit.pos_embed',
    'transformer.temporal_embed': 'vit.time_embed',
    'transformer.patch_embed.proj.{}': 'vit.patch_embed.projection.{}',
    **{
        f'transformer.blocks.{{}}.{official}':
        f'vit.transformer_layers.layers.{{}}.{own}'
        for official, own in {
            'norm1.{}': 'norms.0.{}',
            'attn.qkv.weight': 'attentions.0.attn.in_proj_weight',
            'attn.qkv.bias': 'attentions.0.attn.in_proj_bias',
            'attn.proj.{}': 'attentions.0.attn.out_proj.{}',
            'norm2.{}': 'norms.1.{}',
            'mlp.fc1.{}': 'ffns.0.layers.0.0.{}',
            'mlp.fc2.{}': 'ffns.0.layers.1.{}'
        }.items()
    },
    'transformer.norm.{}': 'vit.norm.{}',
    'pooler.dense.{}': 'pooler.{}',
}

_HEADS = {
    # Of the co-training: the order of shuffled clips.
    'vcop_classifier.{}': None,
    'vcop_classifier.{}.{}': None,
    'mlm_score.bias': 'heads.mlm.decoder.predictions.bias',
    'mlm_score.decoder.weight': 'heads.mlm.decoder.predictions.decoder.weight',
    'mlm_score.transform.{}.{}':
    'heads.mlm.decoder.predictions.transform.{}.{}',
    'txt_proj.{}': 'heads.itc.text_proj.{}',
    'vid_proj.{}': 'heads.itc.video_proj.{}',
    'itm_score.fc.{}': 'heads.itm.fc.{}',
    'rank_output.{}': 'heads.rank.fc.{}',
    'vqa_classifier.{}.{}': 'heads.qa.classifier.{}.{}',
    'mc_vqa_classifier.{}.{}': 'heads.mc.classifier.{}.{}',
}

ALL_IN_ONE_KEYS = KeyMap({**_BODY, **_HEADS}, 'All-in-one')

# The pre-training file's name of the matching head.
_OLD_MATCHING, _MATCHING = 'vtm_score.', 'itm_score.'

# The loss transformer, in fine-tuned files.
_MELTR = 'aux_model.'

# Our MLM head has its bias under two names.
_BIAS = 'heads.mlm.decoder.predictions.bias'
_BIAS_AGAIN = 'heads.mlm.decoder.predictions.decoder.bias'


def from_official(state_dict: Mapping[str, Tensor],
                  num_frames: Optional[int] = None) -> Dict[str, Tensor]:
    """Rename an official state dict to ours.

    Args:
        state_dict (dict[str, Tensor]): Official keys, of the pre-training
            file or of a fine-tuned one.
        num_frames (int, optional): Give the temporal embedding as many
            rows: the first ones of the file, then zeros, as officially.
            Defaults to None: as many as the file has.

    Returns:
        dict[str, Tensor]: Our keys. If the file has MELTR's weights, those
        of a :class:`~meltr_mm.meltr.MELTRWrapper` around the model.

    Raises:
        ValueError: Naming the keys that All-in-one does not have.
    """
    state_dict = dict(state_dict)
    meltr = {
        key[len(_MELTR):]: state_dict.pop(key)
        for key in list(state_dict) if key.startswith(_MELTR)
    }
    ours = ALL_IN_ONE_KEYS.rename(_with_new_matching_name(state_dict))
    if _BIAS in ours:
        ours[_BIAS_AGAIN] = ours[_BIAS]
    if num_frames is not None:
        ours['vit.time_embed'] = resized_time_embed(
            ours['vit.time_embed'], num_frames)
    if not meltr:
        return ours
    return {
        **{f'model.{key}': value for key, value in ours.items()},
        **{f'meltr.{key}': value for key, value in meltr.items()}
    }


def to_official(state_dict: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Rename a state dict of ours to official keys.

    Args:
        state_dict (dict[str, Tensor]): Our keys, of the bare model or of
            one in :class:`~meltr_mm.meltr.MELTRWrapper`.

    Returns:
        dict[str, Tensor]: Official keys, those of MELTR last. The matching
        head is called ``itm_score``.

    Raises:
        ValueError: Naming the keys that :class:`AllInOne` does not have.
    """
    meltr = {
        key.replace('meltr.', _MELTR, 1): value
        for key, value in state_dict.items() if key.startswith('meltr.')
    }
    bare = {
        key[len('model.'):] if key.startswith('model.') else key: value
        for key, value in state_dict.items() if not key.startswith('meltr.')
    }
    bare.pop(_BIAS_AGAIN, None)
    return {**ALL_IN_ONE_KEYS.inverse().rename(bare), **meltr}


def _with_new_matching_name(
        state_dict: Dict[str, Tensor]) -> Dict[str, Tensor]:
    names = {
        key: key.replace(_OLD_MATCHING, _MATCHING, 1)
        for key in state_dict if key.startswith(_OLD_MATCHING)
    }
    twice = [key for key in names.values() if key in state_dict]
    if twice:
        raise ValueError(
            f'the matching head must have one name, but the checkpoint has '
            f'{twice} also under {_OLD_MATCHING!r}; remove one of them')
    return {names.get(key, key): value for key, value in state_dict.items()}


def resized_time_embed(time_embed: Tensor, num_frames: int) -> Tensor:
    """Give a temporal embedding another number of rows, as officially.

    Args:
        time_embed (Tensor): (1, T, D).
        num_frames (int): Its new length.

    Returns:
        Tensor: (1, num_frames, D): the first rows, then zeros.
    """
    kept = time_embed[:, :num_frames]
    resized = kept.new_zeros(1, num_frames, kept.shape[2])
    resized[:, :kept.shape[1]] = kept
    return resized
