"""The texts of a multiple-choice question: one per option."""
from typing import Dict, List

import torch
from mmaction.registry import TRANSFORMS

from .tokenizing import Tokenizing, load_tokenizer


@TRANSFORMS.register_module()
class TokenizeChoices(Tokenizing):
    """Tokenize the question once per option, as ``[CLS] ... [SEP]``.

    Text i reads ``<question> Options: <all options> Answer: <option i>``, or
    ``<question> <option i>`` as in VIOLET before MELTR. If it has more than
    ``max_length - 2`` pieces, what stands before the answer is cut, so that
    what tells the options apart always stays.

    Required keys: ``question`` (str), ``options`` (list of O str). Added
    keys: ``text_ids`` (Tensor (O, X), int64, 0 = padding) and ``text_mask``
    (Tensor (O, X), int64, 1 = token, 0 = padding), with X = ``max_length``.

    Args:
        tokenizer (str): See
            :func:`~meltr_mm.datasets.transforms.tokenizing.load_tokenizer`.
        max_length (int): X. Defaults to 40, as in the official code; 64
            keeps all of every question of TGIF-QA.
        official_text (bool): True joins the parts as the official code does,
            without spaces around ``Options:`` and ``Answer:`` (which fuses
            the last option with the word ``Answer``), and cuts the end, so
            that options may become the same text. Defaults to False.
        list_options (bool): False leaves the list of all options out, for
            shorter texts. Defaults to True.

    Raises:
        ImportError, ValueError: If the tokenizer cannot be loaded; also
            ``ValueError`` for ``max_length`` below 3, or for
            ``official_text`` without ``list_options``.
    """

    def __init__(self,
                 tokenizer: str,
                 max_length: int = 40,
                 official_text: bool = False,
                 list_options: bool = True) -> None:
        super().__init__(tokenizer, max_length)
        if official_text and not list_options:
            raise ValueError('the official text lists the options: set only '
                             'one of `official_text=True` and '
                             '`list_options=False`.')
        self.official_text = official_text
        self.list_options = list_options

    def transform(self, results: Dict) -> Dict:
        """Add the ids.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict.
        """
        tokenizer = load_tokenizer(self.tokenizer)
        rows = [
            tokenizer.convert_tokens_to_ids(
                [tokenizer.cls_token, *pieces, tokenizer.sep_token])
            for pieces in self._pieces(results['question'], results['options'])
        ]
        ids = torch.full((len(rows), self.max_length), tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, :len(row)] = torch.tensor(row)
            mask[i, :len(row)] = 1
        results['text_ids'], results['text_mask'] = ids, mask
        return results

    def _pieces(self, question: str, options: List[str]) -> List[List[str]]:
        split, room = load_tokenizer(
            self.tokenizer).tokenize, self.max_length - 2
        everything = ' '.join(options)
        if self.official_text:
            context = f'{question}Options: {everything}Answer: '
            return [split(context + option)[:room] for option in options]
        answer = ''
        if self.list_options:
            question, answer = f'{question} Options: {everything}', 'Answer: '
        context = split(question)
        ends = [split(answer + option)[:room] for option in options]
        return [context[:room - len(end)] + end for end in ends]

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer!r}, '
                f'max_length={self.max_length}, '
                f'official_text={self.official_text}, '
                f'list_options={self.list_options})')
