"""Text to WordPiece ids of a fixed length."""
from typing import Dict

from mmaction.registry import TRANSFORMS

from .tokenizing import Tokenizing


@TRANSFORMS.register_module()
class TokenizeText(Tokenizing):
    """Tokenize one text as ``[CLS] ... [SEP]``, cut and padded.

    A text of more than ``max_length - 2`` pieces keeps its first ones.

    Required keys: the one named ``key``. Added keys: ``text_ids`` (Tensor
    (X,), int64, 0 = padding) and ``text_mask`` (Tensor (X,), int64, 1 =
    token, 0 = padding), with X = ``max_length``.

    Args:
        tokenizer (str): See
            :func:`~meltr_mm.datasets.transforms.tokenizing.load_tokenizer`.
        max_length (int): X, the number of ids.
        key (str): Where the text stands. Defaults to ``'question'``.

    Raises:
        ImportError, ValueError: If the tokenizer cannot be loaded; also
            ``ValueError`` for ``max_length`` below 3.
    """

    def __init__(self,
                 tokenizer: str,
                 max_length: int,
                 key: str = 'question') -> None:
        super().__init__(tokenizer, max_length)
        self.key = key

    def transform(self, results: Dict) -> Dict:
        """Add the ids.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        results['text_ids'], results['text_mask'] = self.encode(
            results[self.key])
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'max_length={self.max_length}, key={self.key!r})')
