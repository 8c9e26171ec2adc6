"""Official UniVL checkpoints: which of their keys is which of ours."""
from typing import Dict, Mapping

import torch
from torch import Tensor

from ..layers import KeyMap

_BERT_LAYER = ('attention.self.{}.{}', 'attention.output.{}.{}',
               'intermediate.dense.{}', 'output.{}.{}')

# Official parts of a decoder layer -> ours.
_DECODER_LAYER = {
    'slf_attn.att.{}.{}': 'self_attention.{}.{}',
    'slf_attn.output.{}.{}': 'self_attention.output.{}.{}',
    'enc_attn.att.{}.{}': 'cross_attention.{}.{}',
    'enc_attn.output.{}.{}': 'cross_attention.output.{}.{}',
    'intermediate.dense.{}': 'intermediate.dense.{}',
    'output.{}.{}': 'output.{}.{}',
}


def _layers(official: str, ours: str) -> Dict[str, str]:
    return {
        f'{official}.encoder.layer.{{}}.{part}': f'{ours}.layer.{{}}.{part}'
        for part in _BERT_LAYER
    }


def _head(official: str, ours: str) -> Dict[str, str]:
    return {
        f'{official}.predictions.bias': f'{ours}.bias',
        f'{official}.predictions.transform.{{}}.{{}}':
        f'{ours}.transform.{{}}.{{}}',
    }


_TABLE = {
    'bert.embeddings.{}.{}': 'text_encoder.embeddings.{}.{}',
    **_layers('bert', 'text_encoder.layers'),
    # The official forward pass throws the results of these two away.
    'bert.pooler.dense.{}': None,
    'visual.pooler.dense.{}': None,
    'visual.embeddings.word_embeddings.{}': 'video_encoder.projection.{}',
    'visual.embeddings.position_embeddings.{}':
    'video_encoder.position_embeddings.{}',
    'visual.embeddings.LayerNorm.{}': 'video_encoder.norm.{}',
    **_layers('visual', 'video_encoder.layers'),
    'cross.embeddings.{}.{}': 'cross_encoder.embeddings.{}.{}',
    **_layers('cross', 'cross_encoder.layers'),
    'cross.pooler.dense.{}': 'cross_encoder.pooler.dense.{}',
    'decoder.embeddings.LayerNorm.{}': 'decoder.norm.{}',
    **{
        f'decoder.decoder.layer.{{}}.{part}': f'decoder.layers.{{}}.{ours}'
        for part, ours in _DECODER_LAYER.items()
    },
    **_head('decoder.classifier.cls', 'caption_head'),
    **_head('cls', 'word_head'),
    **_head('cls_visual', 'frame_head'),
    'similarity_dense.{}': 'similarity.{}',
    'normalize_video.visual_norm2d.{}': 'video_norm.{}',
}

UNIVL_KEYS = KeyMap(_TABLE, 'UniVL')

# Official files hold a shared parameter under each of its names, we under
# the first.
_WORDS = 'bert.embeddings.word_embeddings.weight'
ALIASES = {
    'decoder.embeddings.word_embeddings.weight': _WORDS,
    'decoder.classifier.cls.predictions.decoder.weight': _WORDS,
    'cls.predictions.decoder.weight': _WORDS,
    'decoder.embeddings.position_embeddings.weight':
    'bert.embeddings.position_embeddings.weight',
    'cls_visual.predictions.weight':
    'visual.embeddings.word_embeddings.weight',
}

# How converted TensorFlow BERTs call the parameters of LayerNorm.
_OLD_NAMES = {'gamma': 'weight', 'beta': 'bias'}


def from_official(state_dict: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Rename an official state dict to ours.

    Args:
        state_dict (dict[str, Tensor]): Official keys; it may lack the
            decoder or the heads, as some fine-tuned files do.

    Returns:
        dict[str, Tensor]: Our keys, shared parameters once.

    Raises:
        ValueError: Naming the keys that UniVL does not have, or names of one
            shared parameter whose values differ.
    """
    weights = {_modern(key): value for key, value in state_dict.items()}
    differing = [
        alias for alias, key in ALIASES.items()
        if alias in weights and not _same(weights[alias], weights.get(key))
    ]
    if differing:
        raise ValueError(
            f'the names of a shared parameter must have one value, but '
            f'{differing} differ from '
            f'{sorted({ALIASES[alias] for alias in differing})}; this file '
            f'was not saved by a UniVL that shares them')
    return UNIVL_KEYS.rename({
        key: value
        for key, value in weights.items() if key not in ALIASES
    })


def to_official(state_dict: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Rename a state dict of ours to official names.

    The result lacks the poolers of text and video encoder, which the official
    code has and never uses; it loads such a file.

    Args:
        state_dict (dict[str, Tensor]): Our keys.

    Returns:
        dict[str, Tensor]: Official keys, shared parameters under each name.

    Raises:
        ValueError: Naming the keys that :class:`UniVL` for retrieval or
            captioning does not have.
    """
    weights = UNIVL_KEYS.inverse().rename(state_dict)
    weights.update((alias, weights[key]) for alias, key in ALIASES.items()
                   if key in weights)
    return weights


def _modern(key: str) -> str:
    parent, _, name = key.rpartition('.')
    return f'{parent}.{_OLD_NAMES[name]}' if name in _OLD_NAMES else key


def _same(value: Tensor, other: Tensor) -> bool:
    return other is not None and value.shape == other.shape and (
        value.is_meta or torch.equal(value, other))
