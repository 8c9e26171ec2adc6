"""UniVL's encoders of texts, of videos and of pairs; its prediction head.

The text encoder is BERT as it is. Shapes: B rows, F frames, W words, D
channels of a frame's feature vector, H hidden size.
"""
from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..layers import (
    BertLayers,
    build_bert,
    build_head_transform,
    build_pooler,
    init_like_bert,
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
