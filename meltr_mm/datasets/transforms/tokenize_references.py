"""References in the words of the model that is compared with them."""
from typing import Dict, Optional

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ..caption_text import caption_text
from .tokenizing import load_tokenizer


@TRANSFORMS.register_module()
class TokenizeReferences(BaseTransform):
    """Write references as a model with this vocabulary would write them.

    A WordPiece model sets punctuation apart (``salt , pepper``), so a perfect
    caption would not score 100 against a text that does not (``salt,
    pepper``) where words are split at blanks. Officially references are made
    from the ids that the decoder was to predict, which is the same.

    Required and changed key: ``references`` (list of str).

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        max_length (int, optional): Cut references to one token less, as
            officially, where [SEP] takes the last place. Defaults to None:
            they stay whole.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` for ``max_length`` below 2.
    """

    def __init__(self,
                 tokenizer: str,
                 max_length: Optional[int] = None) -> None:
        if max_length is not None and max_length < 2:
            raise ValueError('`max_length` must be at least 2, for one token '
                             f'and [SEP], but got {max_length}.')
        self.tokenizer = tokenizer
        self.max_length = max_length
        load_tokenizer(tokenizer)

    def transform(self, results: Dict) -> Dict:
        """Rewrite the references.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        if 'references' not in results:  # a video of the user's own
            return results
        last = None if self.max_length is None else self.max_length - 1
        tokenize = load_tokenizer(self.tokenizer).tokenize
        # A new list: the old one may belong to the dataset.
        results['references'] = [
            caption_text(tokenize(text)[:last])
            for text in results['references']
        ]
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'max_length={self.max_length})')
