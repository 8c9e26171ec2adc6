"""Hiding words as UniVL does."""
import random
from typing import Dict, Optional

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .tokenizing import load_tokenizer


@TRANSFORMS.register_module()
class MaskWords(BaseTransform):
    """Hide words of a text, at least one.

    Each token between [CLS] and [SEP] is chosen with the given probability.
    Of the chosen, 80 % become [MASK], 10 % a random token of the vocabulary
    and 10 % stay. Where none was chosen the draw is repeated. Uses Python's
    generator, in the order of the official loaders: one number per token,
    and one more for each random replacement.

    Required keys: ``text_ids``, ``text_mask``. Added keys:
    ``masked_text_ids`` (Tensor (W,), int64) and ``mlm_labels`` (Tensor
    (W,), int64, -1 = not chosen).

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        probability (float): Chance of each token. Defaults to 0.15.
        repeat_from (int, optional): Only texts of so many tokens between
            [CLS] and [SEP] are drawn again; None: no text is, as in official
            test sets. The official MSRVTT loader repeats from 2. Defaults
            to 1.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` if ``probability`` is not in (0, 1] or
            ``repeat_from`` not positive.
    """

    def __init__(self,
                 tokenizer: str,
                 probability: float = 0.15,
                 repeat_from: Optional[int] = 1) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        if repeat_from is not None and repeat_from < 1:
            raise ValueError('`repeat_from` must be positive or None, but '
                             f'got {repeat_from}.')
        self.tokenizer = tokenizer
        self.probability = probability
        self.repeat_from = repeat_from
        self._mask_id = load_tokenizer(tokenizer).mask_token_id
        self._vocabulary = range(len(load_tokenizer(tokenizer)))

    def transform(self, results: Dict) -> Dict:
        """Add the masked ids and the labels.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        ids = results['text_ids']
        words = range(1, int(results['text_mask'].sum()) - 1)
        again = self.repeat_from is not None and \
            len(words) >= self.repeat_from
        masked, labels = self._draw(ids, words)
        while again and (labels == -1).all():
            masked, labels = self._draw(ids, words)
        results['masked_text_ids'] = masked
        results['mlm_labels'] = labels
        return results

    def _draw(self, ids: torch.Tensor, words: range) -> tuple:
        masked, labels = ids.clone(), torch.full_like(ids, -1)
        for position in words:
            share = random.random() / self.probability
            if share >= 1:
                continue
            labels[position] = ids[position]
            if share < 0.8:
                masked[position] = self._mask_id
            elif share < 0.9:
                masked[position] = random.choice(self._vocabulary)
        return masked, labels

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'probability={self.probability}, '
                f'repeat_from={self.repeat_from})')
