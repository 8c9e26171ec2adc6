import itertools

import pytest
import torch
from zip_equal import zip_equal

from meltr_mm.datasets.transforms.tokenizing import caption_text
from meltr_mm.models.univl import UniVLBatch
from meltr_mm.models.univl.beam_search import beam_search

START, END = 2, 3


class TableWriter:
    """Scores depend on the caption, the step and the last token."""

    def __init__(self, table):
        self.table = table
        self.step = 0

    def advance(self, tokens):
        scores = torch.stack([
            table[self.step][row]
            for table, row in zip_equal(self.table, tokens)
        ])
        self.step += 1
        return scores

    def select(self, captions, rows):
        self.table = self.table[captions]


def search(table, **kwargs):
    return beam_search(
        TableWriter(table), len(table), start=START, end=END, **kwargs)


def exhaustive(table, max_length, penalty):
    """The best caption of all, by trying each."""
    best = None
    scores = table.log_softmax(-1)
    for length in range(1, max_length + 1):
        for tokens in itertools.product(range(table.shape[-1]),
                                        repeat=length):
            ended = tokens[-1] == END
            if END in tokens[:-1] or not (ended or length == max_length):
                continue
            total = sum(float(scores[t, last, token]) for t, (last, token)
                        in enumerate(zip((START, *tokens), tokens)))
            if best is None or total / length**penalty > best[0]:
                best = (total / length**penalty, list(tokens))
    return best


def test_official_tables(load_fixture):
    instances = 0
    for trace in load_fixture('univl_extra.pt')['beam_table']:
        found = search(
            trace['logit_table'],
            beam_size=trace['beam'],
            max_length=trace['max_steps'],
            stopping='official')
        assert [[h.tokens for h in hypotheses]
                for hypotheses in found] == trace['all_hypotheses']
        torch.testing.assert_close(
            torch.tensor([[h.score for h in hypotheses]
                          for hypotheses in found]), trace['scores'])
        assert [hypotheses[0].tokens[-1] == END
                for hypotheses in found] == trace['done']
        instances += len(found)
    assert instances == 76


@pytest.mark.parametrize('penalty', [0., 1., 2.])
def test_a_beam_of_everything_finds_the_best_caption(penalty):
    generator = torch.Generator().manual_seed(int(penalty))
    table = 2 * torch.randn(3, 4, 5, 5, generator=generator)
    found = search(table, beam_size=400, max_length=4,
                   length_penalty=penalty)
    for hypotheses, rows in zip_equal(found, table):
        score, tokens = exhaustive(rows, 4, penalty)
        assert hypotheses[0].tokens == tokens
        assert hypotheses[0].score == pytest.approx(score, rel=1e-5)
        scores = [h.score for h in hypotheses]
        assert scores == sorted(scores, reverse=True)


def test_length_penalty_prefers_longer_captions():
    table = torch.randn(40, 8, 6, 6,
                        generator=torch.Generator().manual_seed(0))
    lengths = [
        sum(len(hypotheses[0].tokens) for hypotheses in search(
            table, beam_size=4, max_length=8, length_penalty=penalty))
        for penalty in (0., 1., 3.)
    ]
    assert lengths[0] < lengths[1] < lengths[2]


def test_end_is_last_under_the_standard_rule_only():
    table = torch.randn(40, 8, 6, 6,
                        generator=torch.Generator().manual_seed(1))
    inside = {
        stopping: sum(END in h.tokens[:-1]
                      for hypotheses in search(
                          table, beam_size=3, max_length=8,
                          stopping=stopping) for h in hypotheses)
        for stopping in ('standard', 'official')
    }
    assert inside['standard'] == 0 < inside['official']


def test_greedy_follows_the_best_token():
    table = torch.randn(6, 7, 5, 5,
                        generator=torch.Generator().manual_seed(2))
    for stopping in ('standard', 'official'):
        found = search(table, beam_size=1, max_length=7, stopping=stopping)
        for (hypothesis, ), rows in zip_equal(found, table):
            last, expected = START, []
            for row in rows:
                last = int(row[last].argmax())
                expected.append(last)
                if last == END:
                    break
            assert hypothesis.tokens == expected


def test_wrong_settings():
    with pytest.raises(ValueError, match='stopping must be one of'):
        search(torch.zeros(1, 1, 4, 4), stopping='early')
    with pytest.raises(ValueError, match='must be positive, but got 0 and 3'):
        search(torch.zeros(1, 1, 4, 4), beam_size=0, max_length=3)


@pytest.mark.parametrize('stopping', ['standard', 'official'])
def test_nan_is_not_searched(stopping):
    table = torch.zeros(3, 2, 4, 4)
    table[1] = float('nan')
    with pytest.raises(ValueError, match='caption 1 .* are NaN'):
        search(table, max_length=2, stopping=stopping)


def test_cached_steps_equal_the_whole_decoder(model, batch):
    features, samples = batch
    view = UniVLBatch(model.double(), features.double(), samples)
    ids = torch.randint(104, 130, (4, 6))
    full = model.decoder(ids, torch.ones_like(ids), view.states,
                         view.pair_mask, model.text_encoder.embeddings)
    cache = model.decoder.start(view.states, view.pair_mask)
    for t in range(6):
        states, cache = model.decoder.step(
            ids[:, t:t + 1], cache, model.text_encoder.embeddings)
        torch.testing.assert_close(states[:, 0], full[:, t])


def test_cache_follows_captions_and_hypotheses(model, batch):
    features, samples = batch
    view = UniVLBatch(model.double(), features.double(), samples)
    tables = model.text_encoder.embeddings
    cache = model.decoder.start(view.states, view.pair_mask)
    first = torch.tensor([[105], [106], [107], [108]])
    _, cache = model.decoder.step(first, cache, tables)
    # Captions 3 and 1 go on with two hypotheses each.
    captions = torch.tensor([3, 1])
    cache = cache.select(captions, torch.tensor([3, 3, 1, 1]))
    second = torch.tensor([[110, 111], [112, 113]])
    states, cache = model.decoder.step(second, cache, tables)
    # Then the hypotheses of each change places.
    cache = cache.select(torch.tensor([0, 1]), torch.tensor([1, 0, 3, 2]))
    third = torch.tensor([[114, 115], [116, 117]])
    states, _ = model.decoder.step(third, cache, tables)
    for a, caption in enumerate(captions):
        for k in range(2):
            ids = torch.stack([first[caption, 0], second[a, 1 - k],
                               third[a, k]])[None]
            full = model.decoder(
                ids, torch.ones_like(ids), view.states[caption:caption + 1],
                view.pair_mask[caption:caption + 1], tables)
            torch.testing.assert_close(states[a, k], full[0, -1])


@pytest.mark.parametrize('tokens, text', [
    (['a', 'dog', '##s', '##y', ',', 'runs', '[SEP]', 'x'], 'a dogsy , runs'),
    (['##s', 'dog'], 's dog'),
    (['a', '[PAD]', 'b', '[SEP]'], 'a'),
    (['[SEP]'], ''),
])
def test_caption_text(tokens, text):
    assert caption_text(tokens) == text
