"""Masked language modelling: which tokens are hidden."""
from typing import Dict, Sequence, Tuple

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from torch import Tensor


def mask_tokens(ids: Tensor, probability: float, mask_id: int,
                special_ids: Sequence[int]) -> Tuple[Tensor, Tensor]:
    """Hide some tokens of one text.

    Each token that is not special is hidden with the given probability; the
    draw is repeated until at least one is. A hidden token always becomes
    ``[MASK]``. Uses torch's global generator, one ``rand(X)`` per attempt.

    Args:
        ids (Tensor): Token ids (X,), int64.
        probability (float): Chance of each token.
        mask_id (int): Id of ``[MASK]``.
        special_ids (Sequence[int]): Ids that are never hidden.

    Returns:
        tuple[Tensor, Tensor]: The ids with ``[MASK]`` in place (X,), and the
        labels (X,): the id where a token was hidden, else -1. A text of
        special tokens only is returned as it is, with no label.
    """
    eligible = ~torch.isin(ids, torch.tensor(special_ids))
    hidden = torch.zeros_like(eligible)
    while eligible.any() and not hidden.any():
        hidden = eligible & (torch.rand(len(ids)) < probability)
    return ids.masked_fill(hidden, mask_id), ids.masked_fill(~hidden, -1)


@TRANSFORMS.register_module()
class MaskText(BaseTransform):
    """Apply :func:`mask_tokens`, as VIOLET does in training.

    Required keys: ``text_ids``. Added keys: ``masked_text_ids`` (Tensor
    (X,), int64) and ``mtm_labels`` (Tensor (X,), int64, -1 = ignore).

    Args:
        probability (float): Chance of each token. Defaults to 0.15.
        mask_id (int): Id of ``[MASK]``. Defaults to 103 (BERT uncased).
        special_ids (Sequence[int]): Ids that are never hidden. Defaults to
            (0, 101, 102): ``[PAD]``, ``[CLS]``, ``[SEP]`` of BERT uncased.

    Raises:
        ValueError: If ``probability`` is not in (0, 1].
    """

    def __init__(self,
                 probability: float = 0.15,
                 mask_id: int = 103,
                 special_ids: Sequence[int] = (0, 101, 102)) -> None:
        if not 0 < probability <= 1:
            raise ValueError('`probability` must lie in (0, 1], but got '
                             f'{probability}.')
        self.probability = probability
        self.mask_id = mask_id
        self.special_ids = tuple(special_ids)

    def transform(self, results: Dict) -> Dict:
        """Add the masked ids and the labels.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        results['masked_text_ids'], results['mtm_labels'] = mask_tokens(
            results['text_ids'], self.probability, self.mask_id,
            self.special_ids)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(probability={self.probability}, '
                f'mask_id={self.mask_id}, special_ids={self.special_ids})')
