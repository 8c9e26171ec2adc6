"""Beam search over any decoder that can go on from where it was.

Shapes: A captions being written with k hypotheses each, V vocabulary.
"""
from typing import List, NamedTuple, Protocol

import torch
from torch import Tensor

STOPPING = ('standard', 'official')


class Hypothesis(NamedTuple):
    """A caption as a list of ids, and what it was ranked by.

    Attributes:
        tokens (list[int]): Without the start token; with the end token where
            one was written.
        score (float): Log-probability; under the standard rule divided by
            length ** penalty.
    """

    tokens: List[int]
    score: float


class Writer(Protocol):
    """What the search needs of a decoder."""

    def advance(self, tokens: Tensor) -> Tensor:
        """Append tokens (A, k) and score the next ones, (A, k, V)."""

    def select(self, captions: Tensor, rows: Tensor) -> None:
        """Go on with some captions (A',) and hypotheses (A' * k')."""


class _Running(NamedTuple):
    """Captions that are still being written."""

    captions: Tensor  # (A,) which of all
    sequences: Tensor  # (A, k, t)
    totals: Tensor  # (A, k) log-probabilities, best first


@torch.no_grad()
def beam_search(writer: Writer,
                num_captions: int,
                start: int,
                end: int,
                beam_size: int = 5,
                max_length: int = 20,
                stopping: str = 'standard',
                length_penalty: float = 1.,
                device: torch.device = 'cpu') -> List[List[Hypothesis]]:
    """Write captions; ``beam_size=1`` is greedy search.

    Args:
        writer (Writer): The decoder, with one hypothesis per caption.
        num_captions (int): A at the start.
        start (int): Id of the token that begins a caption.
        end (int): Id of the token that ends one.
        beam_size (int): Hypotheses per caption. Defaults to 5.
        max_length (int): Most tokens of a caption, the end token included.
            Defaults to 20.
        stopping (str): What the end token does:

            - ``'standard'``: it completes its hypothesis, which is set
              aside; a caption is done when ``beam_size`` hypotheses are.
            - ``'official'``: only the best hypothesis can end the caption.
              Any other that wrote the end token goes on like the rest, so
              that a result may hold the end token in its middle. There is
              no length penalty.

            Defaults to 'standard'.
        length_penalty (float): The standard rule ranks by log-probability /
            length ** length_penalty. Defaults to 1.
        device (torch.device): Where the tokens shall be.

    Returns:
        list[list[Hypothesis]]: Per caption its hypotheses, best first.

    Raises:
        ValueError: If the rule is unknown, a size is not positive, or the
            decoder's scores are NaN.
    """
    if stopping not in STOPPING:
        raise ValueError(
            f'stopping must be one of {STOPPING}, but got {stopping!r}')
    if beam_size < 1 or max_length < 1:
        raise ValueError(
            f'beam_size and max_length must be positive, but got '
            f'{beam_size} and {max_length}')
    rule = _Official(end) if stopping == 'official' else _Standard(
        end, beam_size, length_penalty, num_captions)
    results: List[List[Hypothesis]] = [[] for _ in range(num_captions)]
    running = _Running(
        torch.arange(num_captions, device=device),
        torch.empty(num_captions, 1, 0, dtype=torch.int64, device=device),
        torch.zeros(num_captions, 1, device=device))
    last = running.sequences.new_full((num_captions, 1), start)
    for length in range(1, max_length + 1):
        if not len(running.captions):
            break
        scores = writer.advance(last).float().log_softmax(dim=-1)
        if scores.isnan().any():
            caption = running.captions[scores.isnan().flatten(1).any(1)][0]
            raise ValueError(
                f'the scores of the words of caption {int(caption)} (from 0) '
                'are NaN; look for NaN in its features and in the weights')
        A, k, V = scores.shape
        totals = (running.totals[:, :, None] + scores).flatten(1)
        totals, index = totals.topk(min(rule.width * beam_size, k * V))
        parents, tokens = index // V, index % V
        sequences = torch.cat(
            [_take(running.sequences, parents), tokens[:, :, None]], dim=2)
        running = running._replace(sequences=sequences, totals=totals)
        kept, done = rule.sort_out(running, length == max_length)
        running = _Running(running.captions, _take(sequences, kept),
                           rule.open_totals(running).gather(1, kept))
        for i in done.nonzero().flatten().tolist():
            results[running.captions[i]] = rule.ranked(
                int(running.captions[i]), running.sequences[i],
                running.totals[i])
        going = (~done).nonzero().flatten()
        parents = parents.gather(1, kept)[going]
        writer.select(going, (going[:, None] * k + parents).flatten())
        running = _Running(*(part[going] for part in running))
        last = running.sequences[:, :, -1]
    return results


class _Official:
    """The caption ends when its best hypothesis does."""

    width = 1

    def __init__(self, end: int) -> None:
        self.end = end

    def sort_out(self, running: _Running, last: bool):
        tokens = running.sequences[:, :, -1]
        kept = torch.arange(
            tokens.shape[1], device=tokens.device).expand_as(tokens)
        return kept, (tokens[:, 0] == self.end) | last

    def open_totals(self, running: _Running) -> Tensor:
        return running.totals

    def ranked(self, caption: int, sequences: Tensor,
               totals: Tensor) -> List[Hypothesis]:
        return list(map(Hypothesis, sequences.tolist(), totals.tolist()))


class _Standard:
    """A hypothesis ends by itself; the caption with the last of them."""

    # Half of the candidates may end: as many others must be left.
    width = 2

    def __init__(self, end: int, beam_size: int, length_penalty: float,
                 num_captions: int) -> None:
        self.end = end
        self.beam_size = beam_size
        self.length_penalty = length_penalty
        self.finished: List[List[Hypothesis]] = [
            [] for _ in range(num_captions)
        ]

    def sort_out(self, running: _Running, last: bool):
        ended = self._ended(running)
        # Where the vocabulary is small there are impossible candidates too.
        new = ended & running.totals.isfinite()
        for i, j in new[:, :self.beam_size].nonzero().tolist():
            self.finished[running.captions[i]].append(
                self._hypothesis(running.sequences[i, j],
                                 running.totals[i, j]))
        kept = ended.long().argsort(dim=1, stable=True)[:, :self.beam_size]
        full = [len(self.finished[caption]) >= self.beam_size
                for caption in running.captions.tolist()]
        done = torch.tensor(full, device=ended.device) | last
        return kept, done

    def open_totals(self, running: _Running) -> Tensor:
        # One that has ended may fill up a beam, but never comes back.
        return running.totals.masked_fill(
            self._ended(running), float('-inf'))

    def ranked(self, caption: int, sequences: Tensor,
               totals: Tensor) -> List[Hypothesis]:
        found = self.finished[caption]
        if len(found) < self.beam_size:  # out of length
            found = found + [
                self._hypothesis(sequence, total)
                for sequence, total in zip(sequences, totals)
                if total.isfinite()
            ]
        return sorted(found, key=lambda h: -h.score)[:self.beam_size]

    def _ended(self, running: _Running) -> Tensor:
        return running.sequences[:, :, -1] == self.end

    def _hypothesis(self, sequence: Tensor, total: Tensor) -> Hypothesis:
        tokens = sequence.tolist()
        return Hypothesis(tokens,
                          float(total) / len(tokens)**self.length_penalty)


def _take(values: Tensor, index: Tensor) -> Tensor:
    """Pick hypotheses: (A, k, t) and (A, k') -> (A, k', t)."""
    return values.gather(
        1, index[:, :, None].expand(-1, -1, values.shape[2]))
