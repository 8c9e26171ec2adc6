import pytest
import torch
from mmaction.registry import TRANSFORMS

from meltr_mm.datasets.transforms.masking import (
    MaskText,
    draw_tokens,
    hide_tokens,
    mask_whole_texts,
)
from meltr_mm.datasets.transforms.tokenizing import TokenizeText

SPECIAL = (0, 101, 102)


class TestTokenizeText:

    def test_pads(self):
        tokenize = TRANSFORMS.build(
            dict(type='TokenizeText', tokenizer='minilm', max_length=8))
        results = tokenize(dict(question='What is a dog doing?'))
        # Ids of bert-base-uncased.
        assert results['text_ids'].tolist() == [
            101, 2054, 2003, 1037, 3899, 2725, 1029, 102
        ]
        results = tokenize(dict(question='a dog'))
        assert results['text_ids'].tolist() == [
            101, 1037, 3899, 102, 0, 0, 0, 0
        ]
        assert results['text_mask'].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
        assert results['text_ids'].dtype == torch.int64
        assert results['text_mask'].dtype == torch.int64

    def test_cuts_the_tail(self):
        tokenize = TokenizeText('minilm', 5, key='caption')
        results = tokenize(dict(caption='what is a dog doing?'))
        assert results['text_ids'].tolist() == [101, 2054, 2003, 1037, 102]

    def test_unknown_tokenizer(self, tmp_path):
        with pytest.raises(
                ValueError, match=r"tokenizer='.*nothing' could not be load"):
            TokenizeText(str(tmp_path / 'nothing'), 8)

    def test_max_length(self):
        with pytest.raises(ValueError, match='at least 3.*got 2'):
            TokenizeText('minilm', 2)


def mask_tokens(ids, probability):
    return hide_tokens(ids, draw_tokens(ids, probability, SPECIAL))


class TestMaskTokens:

    def test_certain(self):
        ids = torch.tensor([101, 7, 100, 102, 0])
        masked, labels = mask_tokens(ids, 1.)
        assert masked.tolist() == [101, 103, 103, 102, 0]
        assert labels.tolist() == [-1, 7, 100, -1, -1]
        assert ids.tolist() == [101, 7, 100, 102, 0]

    def test_at_least_one(self):
        ids = torch.tensor([101, 7, 102])
        for seed in range(20):
            torch.manual_seed(seed)
            masked, labels = mask_tokens(ids, 0.05)
            assert masked.tolist() == [101, 103, 102]
            assert labels.tolist() == [-1, 7, -1]

    def test_rate(self):
        torch.manual_seed(0)
        ids = torch.full((20000, ), 7)
        masked, labels = mask_tokens(ids, 0.15)
        assert (masked == 103).float().mean().item() == pytest.approx(
            0.15, abs=0.01)
        assert torch.equal(masked == 103, labels == 7)

    def test_nothing_to_hide(self):
        ids = torch.tensor([101, 102, 0, 0])
        masked, labels = mask_tokens(ids, 0.15)
        assert masked.tolist() == [101, 102, 0, 0]
        assert labels.tolist() == [-1] * 4

    @pytest.mark.parametrize('probability', [0, -0.1, 1.1])
    def test_probability(self, probability):
        with pytest.raises(ValueError, match='`probability` must lie'):
            MaskText(probability)


class TestMaskOptions:

    OPTIONS = torch.tensor([[101, 7, 8, 9, 102], [101, 7, 102, 0, 0]])

    def test_each_option_is_drawn_on_its_own(self):
        for seed in range(20):
            torch.manual_seed(seed)
            results = MaskText(0.05)(dict(text_ids=self.OPTIONS))
            hidden = results['masked_text_ids'] == 103
            assert hidden.any(dim=1).all()
            assert not hidden[torch.isin(self.OPTIONS,
                                         torch.tensor(SPECIAL))].any()
            assert torch.equal(results['mtm_labels'] != -1, hidden)

    def test_one_of_many_tokens_is_drawn_as_often_as_any(self):
        torch.manual_seed(0)
        ids = torch.tensor([101, 7, 8, 9, 102]).repeat(4000, 1)
        hidden = draw_tokens(ids, 0.15, SPECIAL)[:, 1:4].float()
        # What is left of independent draws that are not all misses.
        expected = 0.15 / (1 - 0.85**3)
        assert hidden.mean(0).tolist() == pytest.approx(
            [expected] * 3, abs=0.03)

    def test_official_hides_whole_options(self):
        hidden = torch.tensor([[0, 1, 0, 1, 0], [0, 0, 0, 0, 0],
                               [0, 1, 0, 0, 0]]).bool()
        ids = torch.cat([self.OPTIONS, self.OPTIONS[1:]])
        masked, labels = mask_whole_texts(ids, hidden)
        assert masked.tolist() == [[103] * 5, ids[1].tolist(), [103] * 5]
        assert labels.tolist() == [[103] * 5, [-1] * 5, ids[2].tolist()]
