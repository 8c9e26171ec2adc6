"""The options of a choice to WordPiece ids, a text each."""
from typing import Dict

from mmaction.registry import TRANSFORMS

from .tokenizing import Tokenizing


@TRANSFORMS.register_module()
class TokenizeOptions(Tokenizing):
    """Tokenize one text per option as ``[CLS] ... [SEP]``, cut and padded.

    Required keys: ``options`` (list of C str), ``label`` (list of the index
    of the right one), and ``question`` if the template has it. Added keys:
    ``option_ids`` and ``option_mask`` (Tensor (C, L), int64), and
    ``text_ids`` and ``text_mask`` (Tensor (L,), int64), the row of the right
    option, for the objectives that need one true text.

    Args:
        tokenizer (str): See
            :func:`~meltr_mm.datasets.transforms.tokenizing.load_tokenizer`.
        max_length (int): L, the number of ids.
        template (str): The text of an option, with ``{question}``,
            ``{option}``, and ``{options}`` for all options with spaces
            between them. The official one for TGIF-QA,
            ``'{question}Options: {options}Answer: {option}'``, glues words
            together, and cuts what tells long options apart.
            Defaults to ``'{question} {option}'``.

    Raises:
        ImportError, ValueError: If the tokenizer cannot be loaded; also
            ``ValueError`` for ``max_length`` below 3 or a template without
            ``{option}``.
    """

    def __init__(self,
                 tokenizer: str,
                 max_length: int,
                 template: str = '{question} {option}') -> None:
        super().__init__(tokenizer, max_length)
        if '{option}' not in template:
            raise ValueError(
                f"`template` must have '{{option}}', but is {template!r}.")
        self.template = template

    def transform(self, results: Dict) -> Dict:
        """Add the ids.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        options = results['options']
        texts = [
            self.template.format(
                question=results.get('question', ''),
                options=' '.join(options),
                option=option) for option in options
        ]
        ids, mask = self.encode(texts)
        results['option_ids'], results['option_mask'] = ids, mask
        right, = results['label']
        results['text_ids'] = ids[right]
        results['text_mask'] = mask[right]
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'max_length={self.max_length}, template={self.template!r})')
