"""A caption as input and target of a decoder."""
from typing import Dict

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .tokenizing import load_tokenizer


@TRANSFORMS.register_module()
class TokenizeCaption(BaseTransform):
    """Tokenize a caption for a decoder that predicts the next token.

    Required key: ``caption``. Added keys, Tensors (L,), int64, padded with
    0: ``caption_ids`` ([CLS], then the tokens), ``caption_labels`` (the
    tokens, then [SEP]) and ``caption_mask`` (1 = token, 0 = padding). A
    caption of more than L - 1 tokens keeps its first ones.

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        max_length (int): L.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` for ``max_length`` below 2.
    """

    def __init__(self, tokenizer: str, max_length: int) -> None:
        if max_length < 2:
            raise ValueError('`max_length` must be at least 2, for one token '
                             f'and [SEP], but got {max_length}.')
        self.tokenizer = tokenizer
        self.max_length = max_length
        load_tokenizer(tokenizer)

    def transform(self, results: Dict) -> Dict:
        """Add input, target and mask.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        tokenizer = load_tokenizer(self.tokenizer)
        tokens = tokenizer(
            results['caption'],
            add_special_tokens=False,
            truncation=True,
            max_length=self.max_length - 1)['input_ids']
        length = len(tokens) + 1
        results['caption_ids'] = self._padded(
            [tokenizer.cls_token_id, *tokens])
        results['caption_labels'] = self._padded(
            [*tokens, tokenizer.sep_token_id])
        results['caption_mask'] = self._padded([1] * length)
        return results

    def _padded(self, ids: list) -> torch.Tensor:
        return torch.tensor(ids + [0] * (self.max_length - len(ids)))

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'max_length={self.max_length})')
