"""From WordPiece tokens back to text."""
from typing import Sequence

END = '[SEP]'
PADDING = '[PAD]'


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
    for stop in (END, PADDING):
        if stop in tokens:
            tokens = tokens[:tokens.index(stop)]
    return ' '.join(tokens).replace(' ##', '').strip('#').strip()
