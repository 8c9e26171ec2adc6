"""Masked language modelling as BERT was trained."""
from typing import Dict

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from transformers import DataCollatorForLanguageModeling

from .tokenizing import load_tokenizer


@TRANSFORMS.register_module()
class MaskTextAsBert(BaseTransform):
    """Hide words as BERT's pre-training does, which All-in-one follows.

    Each token that is not special is chosen with the given probability, so a
    text may have none. Of the chosen, 80 % become ``[MASK]``, 10 % a random
    token of the vocabulary, and 10 % stay. Uses torch's global generator.

    Required keys: ``text_ids``. Added keys: ``masked_text_ids`` (Tensor
    (L,), int64) and ``mlm_labels`` (Tensor (L,), int64, -1 = not chosen).

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        probability (float): Chance of each token. Defaults to 0.15.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` if ``probability`` is not in (0, 1].
    """

    def __init__(self, tokenizer: str, probability: float = 0.15) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.tokenizer = tokenizer
        self.probability = probability
        loaded = load_tokenizer(tokenizer)
        self._collator = DataCollatorForLanguageModeling(
            loaded, mlm_probability=probability)
        self._special = torch.tensor([
            loaded.pad_token_id, loaded.cls_token_id, loaded.sep_token_id
        ])

    def transform(self, results: Dict) -> Dict:
        """Add the masked ids and the labels.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        ids = results['text_ids'][None].clone()
        masked, labels = self._collator.torch_mask_tokens(
            ids, torch.isin(ids, self._special))
        results['masked_text_ids'] = masked[0]
        # transformers' label of "not chosen" is -100.
        results['mlm_labels'] = labels[0].clamp(min=-1)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'probability={self.probability})')
