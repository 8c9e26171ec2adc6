"""UniVL's encoders of texts, of videos and of pairs, and its decoder.

The text encoder is BERT as it is. The decoder's words and positions are
embedded by the text encoder's tables, which are passed in; it has a key/value
cache for generation. Shapes: B rows, F frames, W words, D channels of a
frame's feature vector, H hidden size, L caption tokens, M = W + F memory
states, A captions being written with k hypotheses each, h heads of d.
"""
from copy import deepcopy
from typing import TYPE_CHECKING, List, NamedTuple, Tuple

import torch
from torch import Tensor, nn

from ..layers import (
    BertLayers,
    build_bert,
    build_head_transform,
    build_pooler,
    init_like_bert,
    key_bias,
)

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import BertConfig

# The official constant. A clip without any frame has nothing to attend to;
# with this its padding gets the weights that it has officially.
BLOCKED = -1e4


def resized(config: 'BertConfig', **fields) -> 'BertConfig':
    """Copy a BERT config, with its attention implementation, and change
    some fields of the copy."""
    copy = deepcopy(config)
    copy.update(fields)
    return copy


class VideoEncoder(nn.Module):
    """A BERT over frames: projected features instead of words.

    No token types, no pooler.

    Args:
        config (BertConfig): Sizes; its positions are the most frames.
        feature_dim (int): D.
        with_cp (bool): See :class:`~meltr_mm.models.layers.BertLayers`.
            Defaults to False.
    """

    def __init__(self,
                 config: 'BertConfig',
                 feature_dim: int,
                 with_cp: bool = False) -> None:
        super().__init__()
        self.projection = nn.Linear(feature_dim, config.hidden_size)
        self.position_embeddings = nn.Embedding(
            config.max_position_embeddings, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        init_like_bert(self, config.initializer_range)
        _, self.layers = build_bert(
            resized(config, vocab_size=1), with_cp, BLOCKED)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Encode clips.

        Args:
            frames (Tensor): Normalised features, (B, F, D).
            mask (Tensor): 1 = frame, 0 = padding, (B, F).

        Returns:
            Tensor: (B, F, H).

        Raises:
            ValueError: If there are more frames than positions.
        """
        F, limit = frames.shape[1], self.position_embeddings.num_embeddings
        if F > limit:
            raise ValueError(
                f'clips must have at most {limit} frames, but got {F}; '
                f'sample fewer or raise max_frames')
        states = self.projection(frames) + self.position_embeddings.weight[:F]
        return self.layers(self.dropout(self.norm(states)), mask)


class CrossEncoder(nn.Module):
    """A BERT over the states of a text followed by those of a video.

    Text has token type 0, video 1; the video starts at position W, however
    short the text is.

    Args:
        config (BertConfig): Sizes; its positions are the most W + F.
        with_cp (bool): See :class:`~meltr_mm.models.layers.BertLayers`.
            Defaults to False.
    """

    def __init__(self, config: 'BertConfig', with_cp: bool = False) -> None:
        super().__init__()
        self.embeddings, self.layers = build_bert(
            resized(config, vocab_size=1), with_cp, BLOCKED)
        # States of the other encoders stand where words would.
        del self.embeddings.word_embeddings
        self.pooler = build_pooler(config)

    def forward(self, text: Tensor, text_mask: Tensor, video: Tensor,
                video_mask: Tensor) -> Tensor:
        """Let each text and its video attend to each other.

        Args:
            text (Tensor): (B, W, H).
            text_mask (Tensor): 1 = word, 0 = padding, (B, W).
            video (Tensor): (B, F, H).
            video_mask (Tensor): 1 = frame, 0 = padding, (B, F).

        Returns:
            Tensor: Text first, (B, W + F, H).

        Raises:
            ValueError: If W + F is more than there are positions.
        """
        states = torch.cat([text, video], dim=1)
        limit = self.embeddings.position_embeddings.num_embeddings
        if states.shape[1] > limit:
            raise ValueError(
                f'words and frames must be at most {limit} together, but got '
                f'{text.shape[1]} + {video.shape[1]}; shorten them or raise '
                f'max_pair_length')
        types = torch.zeros(
            states.shape[:2], dtype=torch.int64, device=states.device)
        types[:, text.shape[1]:] = 1
        states = self.embeddings(inputs_embeds=states, token_type_ids=types)
        return self.layers(states, torch.cat([text_mask, video_mask], dim=1))


class TextEncoder(nn.Module):
    """BERT without its pooler.

    Args:
        config (BertConfig): Sizes.
        with_cp (bool): See :class:`~meltr_mm.models.layers.BertLayers`.
            Defaults to False.
    """

    def __init__(self, config: 'BertConfig', with_cp: bool = False) -> None:
        super().__init__()
        self.embeddings: nn.Module
        self.layers: BertLayers
        self.embeddings, self.layers = build_bert(config, with_cp, BLOCKED)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encode texts.

        Args:
            ids (Tensor): int64, (B, W).
            mask (Tensor): 1 = word, 0 = padding, (B, W).

        Returns:
            Tensor: (B, W, H).

        Raises:
            ValueError: If there are more words than positions.
        """
        W = ids.shape[1]
        limit = self.embeddings.position_embeddings.num_embeddings
        if W > limit:
            raise ValueError(
                f'texts must have at most {limit} tokens, but got {W}; '
                f'tokenize to fewer or raise max_position_embeddings of bert')
        return self.layers(self.embeddings(ids), mask)


class TiedHead(nn.Module):
    """BERT's dense, GELU, LayerNorm; then a matrix that it does not own.

    Args:
        config (BertConfig): Gives the hidden size.
        num_outputs (int): K.
    """

    def __init__(self, config: 'BertConfig', num_outputs: int) -> None:
        super().__init__()
        self.transform = build_head_transform(config)
        self.bias = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, states: Tensor, matrix: Tensor) -> Tensor:
        """Score the outputs, (..., H) -> (..., K), with a matrix (K, H)."""
        return nn.functional.linear(self.transform(states), matrix, self.bias)


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
