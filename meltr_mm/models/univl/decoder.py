"""UniVL's caption decoder, with a key/value cache for generation.

Its words and positions are embedded by the text encoder's tables, which are
passed in. Shapes: B rows, L caption tokens, M = W + F memory states, A
captions being written with k hypotheses each, H hidden size, h heads of d.
"""
from typing import TYPE_CHECKING, List, NamedTuple, Tuple

import torch
from torch import Tensor, nn

from ..layers import key_bias
from .encoders import BLOCKED, resized

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import BertConfig

KeysValues = Tuple[Tensor, Tensor]  # (B, h, L, d) each


class DecoderCache(NamedTuple):
    """What the decoder remembers of the captions that it is writing.

    Attributes:
        past (list[tuple]): Keys and values of the tokens so far, per layer,
            (A * k, h, L, d). L is 0 at first.
        memory (list[tuple]): Keys and values of the memory, per layer,
            (A, h, M, d): the hypotheses of a caption share them.
        memory_bias (Tensor): (A, 1, 1, M).
    """

    past: List[KeysValues]
    memory: List[KeysValues]
    memory_bias: Tensor

    def select(self, captions: Tensor, rows: Tensor) -> 'DecoderCache':
        """Keep some captions (A',), and of the A * k hypotheses those that go
        on, (A' * k')."""
        memory, bias = self.memory, self.memory_bias
        if len(captions) < len(bias):
            memory = [(keys[captions], values[captions])
                      for keys, values in memory]
            bias = bias[captions]
        past = [(keys[rows], values[rows]) for keys, values in self.past]
        return DecoderCache(past, memory, bias)


class CaptionDecoder(nn.Module):
    """Post-norm transformer decoder over the states of text and video.

    Args:
        config (BertConfig): Sizes; ``num_hidden_layers`` are its layers.
    """

    def __init__(self, config: 'BertConfig') -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.layers = nn.ModuleList(
            _DecoderLayer(config) for _ in range(config.num_hidden_layers))

    def forward(self, ids: Tensor, mask: Tensor, memory: Tensor,
                memory_mask: Tensor, tables: nn.Module) -> Tensor:
        """Decode whole captions, each position from those before it.

        Args:
            ids (Tensor): Input tokens, int64, (B, L).
            mask (Tensor): 1 = token, 0 = padding, (B, L).
            memory (Tensor): (B, M, H).
            memory_mask (Tensor): 1 = attend, 0 = ignore, (B, M).
            tables (nn.Module): BERT's embeddings.

        Returns:
            Tensor: States that predict the next token, (B, L, H).
        """
        states = self._embed(ids, 0, tables)
        L = ids.shape[1]
        seen = torch.ones(L, L, device=ids.device).tril() * mask[:, None]
        bias = torch.zeros_like(seen, dtype=states.dtype)
        bias = bias.masked_fill(seen == 0, BLOCKED)[:, None]
        memory_bias = key_bias(memory_mask, states.dtype, BLOCKED)
        for layer in self.layers:
            states = layer(states, layer.self_attention.remember(states),
                           bias, layer.cross_attention.remember(memory),
                           memory_bias)
        return states

    def start(self, memory: Tensor, memory_mask: Tensor) -> DecoderCache:
        """Begin one caption, of one hypothesis, per row of the memory (A, M,
        H) and its mask (A, M), 1 = attend."""
        past, cross = [], []
        for layer in self.layers:
            keys, values = layer.self_attention.remember(memory[:, :0])
            past.append((keys, values))
            cross.append(layer.cross_attention.remember(memory))
        return DecoderCache(past, cross,
                            key_bias(memory_mask, memory.dtype, BLOCKED))

    def step(self, tokens: Tensor, cache: DecoderCache,
             tables: nn.Module) -> Tuple[Tensor, DecoderCache]:
        """Append one token to every hypothesis.

        Args:
            tokens (Tensor): int64, (A, k).
            cache (DecoderCache): Of these A captions, k hypotheses each.
            tables (nn.Module): BERT's embeddings.

        Returns:
            tuple: States that predict the next token, (A, k, H), and the
            longer cache.
        """
        A, k = tokens.shape
        length = cache.past[0][0].shape[2]
        states = self._embed(tokens.reshape(A * k, 1), length, tables)
        past = []
        for layer, before, memory in zip(self.layers, cache.past,
                                         cache.memory):
            now = layer.self_attention.remember(states)
            keys, values = (torch.cat([old, new], dim=2)
                            for old, new in zip(before, now))
            past.append((keys, values))
            states = layer(states, (keys, values), None, memory,
                           cache.memory_bias, k)
        return states.view(A, k, -1), cache._replace(past=past)

    def _embed(self, ids: Tensor, first: int, tables: nn.Module) -> Tensor:
        last, limit = (first + ids.shape[1],
                       tables.position_embeddings.num_embeddings)
        if last > limit:
            raise ValueError(
                f'captions must have at most {limit} tokens, but got {last}; '
                f'lower their length or raise max_position_embeddings of '
                f'bert')
        positions = torch.arange(first, last, device=ids.device)
        states = tables.word_embeddings(ids) + tables.position_embeddings(
            positions)
        return self.dropout(self.norm(states))


class _DecoderLayer(nn.Module):
    """Self-attention, cross-attention, feed-forward; each adds and norms."""

    def __init__(self, config: 'BertConfig') -> None:
        from transformers import BertModel
        super().__init__()
        config = resized(config, vocab_size=1, num_hidden_layers=2)
        own, other = BertModel(config).encoder.layer
        self.self_attention = _Attention(own.attention)
        self.cross_attention = _Attention(other.attention)
        self.intermediate = own.intermediate
        self.output = own.output

    def forward(self,
                states: Tensor,
                keys_values: KeysValues,
                bias: Tensor,
                memory: KeysValues,
                memory_bias: Tensor,
                hypotheses: int = 1) -> Tensor:
        """Run the layer on (B, L, H); hypotheses share a memory row."""
        states = self.self_attention(states, keys_values, bias)
        # One query position per hypothesis instead of a copy of the memory.
        shape = states.shape
        states = states.reshape(-1, hypotheses * shape[1], shape[2])
        states = self.cross_attention(states, memory, memory_bias)
        states = states.view(shape)
        return self.output(self.intermediate(states), states)


class _Attention(nn.Module):
    """BERT's attention, with keys and values that may come from before.

    Args:
        attention (nn.Module): ``BertLayer.attention``, for its parameters.
    """

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.query = attention.self.query
        self.key = attention.self.key
        self.value = attention.self.value
        self.dropout = attention.self.dropout
        self.output = attention.output
        self.num_heads = attention.self.num_attention_heads

    def remember(self, states: Tensor) -> KeysValues:
        """Project (B, L, H) to keys and values, (B, h, L, d) each."""
        return self._split(self.key(states)), self._split(self.value(states))

    def forward(self, states: Tensor, keys_values: KeysValues,
                bias: Tensor) -> Tensor:
        """Attend from (B, L, H); bias is added to the scores, or None."""
        keys, values = keys_values
        query = self._split(self.query(states))
        scores = query @ keys.transpose(2, 3) / query.shape[-1]**0.5
        if bias is not None:
            scores = scores + bias
        context = self.dropout(scores.softmax(dim=-1)) @ values
        return self.output(context.transpose(1, 2).flatten(2), states)

    def _split(self, states: Tensor) -> Tensor:
        B, L, H = states.shape
        heads = states.view(B, L, self.num_heads, H // self.num_heads)
        return heads.transpose(1, 2)
