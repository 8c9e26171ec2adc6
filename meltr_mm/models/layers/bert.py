"""Glue around the public BERT classes of transformers.

The models of this package take BERT apart: the embeddings feed one place,
the layers another, the language-model head a third. Only submodules of
``BertModel`` and ``BertForMaskedLM`` are used, built from a ``BertConfig``,
so any transformers version from 4.28 on will do.

Shapes: B rows, L positions, D hidden size.
"""
from typing import TYPE_CHECKING, Dict, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import BertConfig

# Sizes that decide whether weights of one BERT fit (or make sense in) another.
_SIZES = ('vocab_size', 'hidden_size', 'num_hidden_layers',
          'num_attention_heads', 'intermediate_size',
          'max_position_embeddings', 'type_vocab_size')


def build_bert_config(options: Dict) -> 'BertConfig':
    """Make a ``BertConfig`` from a plain dict.

    Args:
        options (dict): Fields of ``BertConfig``, those that are absent take
            the values of bert-base-uncased. ``attn_implementation`` is
            'eager' (default, differentiable in every mode) or 'sdpa' (fused
            kernels). The dict is not changed.

    Returns:
        BertConfig: The configuration.

    Raises:
        ValueError: If a name is not a field of ``BertConfig``, or if the
            installed transformers has no such attention for BERT.
    """
    from transformers import BertConfig, BertModel
    options = dict(options)
    attention = options.pop('attn_implementation', 'eager')
    known = BertConfig()
    unknown = [name for name in options if not hasattr(known, name)]
    if unknown:
        raise ValueError(
            f'bert options must be fields of BertConfig, but got {unknown}; '
            f'see the documentation of transformers.BertConfig')
    # A release without fused attention for BERT would ignore the request.
    if attention != 'eager' and not getattr(BertModel, '_supports_sdpa',
                                            False):
        raise ValueError(
            f"attn_implementation must be 'eager' with this transformers, "
            f'whose BERT knows nothing else, but got {attention!r}; install '
            f'a newer transformers')
    return BertConfig(**options, attn_implementation=attention)


def build_bert(
        config: 'BertConfig',
        with_cp: bool = False,
        blocked: Optional[float] = None) -> Tuple[nn.Module, 'BertLayers']:
    """Build BERT's embedding module and its stack of layers.

    Weights are drawn as BERT's own: N(0, 0.02), zero biases.

    Args:
        config (BertConfig): Sizes of both.
        with_cp (bool): Passed to :class:`BertLayers`. Defaults to False.
        blocked (float, optional): Passed to :class:`BertLayers`.

    Returns:
        tuple: Embeddings, (B, L) int64 ids -> (B, L, D), and layers.
    """
    from transformers import BertModel
    bert = BertModel(config, add_pooling_layer=False)
    embeddings = bert.embeddings
    # Older transformers saves this constant, newer does not: a checkpoint of
    # ours must load with either.
    embeddings.register_buffer(
        'position_ids', embeddings.position_ids, persistent=False)
    return embeddings, BertLayers(bert.encoder.layer, with_cp, blocked)


class BertLayers(nn.Module):
    """A stack of BERT layers over embeddings that come from anywhere.

    Args:
        layers (nn.ModuleList): ``BertModel(...).encoder.layer``.
        with_cp (bool): Recompute activations in the backward pass of a
            training step to save memory. Defaults to False.
        blocked (float, optional): See :func:`key_bias`.
    """

    def __init__(self,
                 layers: nn.ModuleList,
                 with_cp: bool = False,
                 blocked: Optional[float] = None) -> None:
        super().__init__()
        self.layer = layers
        self.with_cp = with_cp
        self.blocked = blocked

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Run all layers.

        Args:
            states (Tensor): Embedded tokens, (B, L, D).
            mask (Tensor): 1 where a position may be attended to, else 0,
                (B, L), any dtype.

        Returns:
            Tensor: Last hidden states, (B, L, D).
        """
        bias = key_bias(mask, states.dtype, self.blocked)
        for layer in self.layer:
            if self.with_cp and self.training:
                states = checkpoint(layer, states, bias, use_reentrant=False)
            else:
                states = layer(states, bias)
            # Up to transformers 4.x a layer returns a tuple.
            if isinstance(states, tuple):
                states = states[0]
        return states


def key_bias(mask: Tensor,
             dtype: torch.dtype,
             blocked: Optional[float] = None) -> Tensor:
    """Turn a key mask into a bias on attention scores.

    Args:
        mask (Tensor): 1 = attend, 0 = ignore, (B, L).
        dtype (torch.dtype): Floating type of the result.
        blocked (float, optional): The bias of ignored keys. It matters only
            in a row that ignores all of its keys. Defaults to None: the
            type's lowest value, which weighs them alike.

    Returns:
        Tensor: 0 where attended, ``blocked`` where not, (B, 1, 1, L).
        Finite, so that a row without keys is not NaN.
    """
    if blocked is None:
        blocked = torch.finfo(dtype).min
    bias = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    bias = bias.masked_fill(mask == 0, blocked)
    return bias[:, None, None, :]


def build_mlm_head(config: 'BertConfig') -> nn.Module:
    """Build BERT's masked-language-model head with a decoder of its own.

    The head is dense, GELU, LayerNorm, decoder, (..., D) -> (...,
    vocab_size). Its decoder matrix is not tied to any word embedding, and
    ``predictions.bias`` and ``predictions.decoder.bias`` are one parameter
    under two names in every transformers version.
    """
    from transformers import BertConfig, BertForMaskedLM
    fields = config.to_dict()
    # Nothing of the encoder is kept, so it need not be built.
    fields['num_hidden_layers'] = 0
    head = BertForMaskedLM(BertConfig(**fields)).cls
    head.predictions.decoder.bias = head.predictions.bias
    return head


def build_head_transform(config: 'BertConfig') -> nn.Module:
    """Build what precedes the decoder matrix in BERT's word head: dense,
    GELU, LayerNorm, (..., D) -> (..., D)."""
    return build_mlm_head(_without_words(config)).predictions.transform


def build_pooler(config: 'BertConfig') -> nn.Module:
    """Build BERT's pooler, tanh(dense(first state)): (B, L, D) -> (B, D)."""
    from transformers import BertConfig, BertModel
    fields = _without_words(config).to_dict()
    fields['num_hidden_layers'] = 0
    return BertModel(BertConfig(**fields)).pooler


def _without_words(config: 'BertConfig') -> 'BertConfig':
    from transformers import BertConfig
    fields = config.to_dict()
    fields.update(vocab_size=1, pad_token_id=None)
    return BertConfig(**fields)


def init_like_bert(module: nn.Module, std: float = 0.02) -> None:
    """Draw weights as BERT does: linear and embedding weights N(0, std),
    biases 0, LayerNorms the identity."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Embedding)):
            nn.init.normal_(part.weight, std=std)
        elif isinstance(part, nn.LayerNorm):
            nn.init.ones_(part.weight)
        if isinstance(part, (nn.Linear, nn.LayerNorm)) and \
                part.bias is not None:
            nn.init.zeros_(part.bias)


def load_pretrained_bert(source: str,
                         config: 'BertConfig',
                         embeddings: Optional[nn.Module] = None,
                         layers: Optional[BertLayers] = None,
                         mlm_head: Optional[nn.Module] = None) -> None:
    """Copy the weights of a published BERT into the given parts.

    Args:
        source (str): Hub name such as 'bert-base-uncased', or a directory.
        config (BertConfig): What the parts were built from.
        embeddings (nn.Module, optional): Gets the embeddings.
        layers (BertLayers, optional): Gets the layers.
        mlm_head (nn.Module, optional): Gets the head; its decoder starts
            equal to the word embeddings and is trained on its own.

    Raises:
        ValueError: If a size of ``source`` differs from ``config``.
    """
    from transformers import BertForMaskedLM
    bert = BertForMaskedLM.from_pretrained(source)
    wrong = [
        f'{name} {getattr(config, name)} != {getattr(bert.config, name)}'
        for name in _SIZES
        if getattr(config, name) != getattr(bert.config, name)
    ]
    if wrong:
        raise ValueError(
            f'the bert config must have the sizes of {source!r}, but '
            f'{", ".join(wrong)}; change the config or name another source')
    # The embedding's constants differ between versions, hence only weights.
    if embeddings is not None:
        embeddings.load_state_dict(_weights(bert.bert.embeddings))
    if layers is not None:
        layers.layer.load_state_dict(_weights(bert.bert.encoder.layer))
    if mlm_head is not None:
        mlm_head.load_state_dict(_weights(bert.cls))


def _weights(module: nn.Module) -> Dict[str, Tensor]:
    return dict(module.named_parameters(remove_duplicate=False))
