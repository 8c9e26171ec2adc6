import pytest
import torch

from meltr_mm.datasets.transforms import TokenizeChoices
from meltr_mm.datasets.transforms.tokenizing import load_tokenizer

QUESTION = 'what does the cat do 3 times ?'
OPTIONS = ['wave', 'jump', 'extend arm', 'blink', 'nod head']


def read(ids):
    tokenizer = load_tokenizer('minilm')
    return [tokenizer.convert_ids_to_tokens(row[row != 0]) for row in ids]


def tokenize(question=QUESTION, options=OPTIONS, **kwargs):
    return TokenizeChoices('minilm', **kwargs)(
        dict(question=question, options=options))


def test_one_text_per_option():
    results = tokenize()
    assert results['text_ids'].shape == results['text_mask'].shape == (5, 40)
    assert torch.equal(results['text_ids'] != 0, results['text_mask'] == 1)
    text = ' '.join(read(results['text_ids'])[2])
    assert text == ('[CLS] what does the cat do 3 times ? options : wave jump '
                    'extend arm blink nod head answer : extend arm [SEP]')


def test_the_option_is_never_cut():
    texts = read(tokenize(max_length=8)['text_ids'])
    assert texts[0] == ['[CLS]', 'what', 'does', 'the', 'answer', ':', 'wave',
                        '[SEP]']
    assert texts[2] == ['[CLS]', 'what', 'does', 'answer', ':', 'extend',
                        'arm', '[SEP]']


def test_without_the_list_of_options():
    texts = read(tokenize(list_options=False, max_length=12)['text_ids'])
    assert ' '.join(texts[0]) == (
        '[CLS] what does the cat do 3 times ? wave [SEP]')
    cut = read(tokenize(list_options=False, max_length=6)['text_ids'])
    assert cut[2] == ['[CLS]', 'what', 'does', 'extend', 'arm', '[SEP]']
    with pytest.raises(ValueError, match='set only one of `official_text'):
        tokenize(list_options=False, official_text=True)


def test_official_text_fuses_and_cuts():
    texts = read(tokenize(official_text=True)['text_ids'])
    text = ' '.join(texts[1])
    assert 'head ##ans ##wer : jump' in text
    assert '? options : wave' in text
    cut = tokenize(official_text=True, max_length=12)['text_ids']
    assert all(torch.equal(row, cut[0]) for row in cut)


def test_without_specials_equals_the_tokenizer():
    tokenizer = load_tokenizer('minilm')
    expected = tokenizer(
        f"{QUESTION} Options: {' '.join(OPTIONS)} Answer: blink",
        max_length=40, padding='max_length', truncation=True)
    results = tokenize()
    assert results['text_ids'][3].tolist() == expected['input_ids']
    assert results['text_mask'][3].tolist() == expected['attention_mask']


def test_max_length():
    with pytest.raises(ValueError, match='at least 3.*got 2'):
        TokenizeChoices('minilm', 2)
