import random

import pytest
import torch
from mmaction.registry import TRANSFORMS

from meltr_mm.datasets.transforms.tokenizing import (
    caption_text,
    load_tokenizer,
)

MASK = 103


def words(number):
    """A text of so many words between [CLS] and [SEP]."""
    ids = torch.tensor([101, *range(2000, 2000 + number), 102, 0])
    return dict(text_ids=ids, text_mask=(ids != 0).long())


def mask_words(**kwargs):
    return TRANSFORMS.build(
        dict(type='MaskWords', tokenizer='minilm', **kwargs))


def test_shares_of_masked_words():
    random.seed(0)
    transform = mask_words(probability=0.3)
    text = words(20)
    chosen = kept = masked = 0
    for _ in range(1000):
        result = transform(dict(text))
        labels, ids = result['mlm_labels'], result['masked_text_ids']
        hidden = labels != -1
        assert torch.equal(labels[hidden], text['text_ids'][hidden])
        assert torch.equal(ids[~hidden], text['text_ids'][~hidden])
        assert not hidden[[0, -2, -1]].any()
        chosen += int(hidden.sum())
        masked += int((ids[hidden] == MASK).sum())
        kept += int((ids[hidden] == labels[hidden]).sum())
    assert chosen / 20000 == pytest.approx(0.3, abs=0.02)
    assert masked / chosen == pytest.approx(0.8, abs=0.02)
    assert kept / chosen == pytest.approx(0.1, abs=0.02)


def test_one_word_at_least_is_hidden():
    random.seed(0)
    for number in (1, 2, 5):
        for _ in range(50):
            result = mask_words()(words(number))
            assert (result['mlm_labels'] != -1).any()
    # Without words there is nothing to hide, and no endless loop.
    assert (mask_words()(words(0))['mlm_labels'] == -1).all()


@pytest.mark.parametrize('repeat_from, always', [(2, False), (None, False),
                                                 (1, True)])
def test_short_texts_may_be_spared(repeat_from, always):
    random.seed(0)
    found = [(mask_words(repeat_from=repeat_from)(words(1))['mlm_labels'] !=
              -1).any() for _ in range(60)]
    assert all(found) == always
    assert any(found)


def test_frames():
    random.seed(0)
    mask = torch.tensor([1, 1, 1, 1, 0])
    transform = TRANSFORMS.build(dict(type='MaskFrames', probability=0.2))
    counts = torch.zeros(5)
    for _ in range(2000):
        labels = transform(dict(video_mask=mask))['mfm_labels']
        hidden = labels != -1
        assert hidden.any()
        assert torch.equal(labels[hidden], hidden.nonzero()[:, 0])
        counts += hidden
    # Given that there is one at least.
    expected = 0.2 / (1 - 0.8**4)
    assert (counts[:4] / 2000).tolist() == pytest.approx(
        [expected] * 4, abs=0.04)
    assert counts[4] == 0
    empty = transform(dict(video_mask=torch.zeros(5, dtype=torch.int64)))
    assert (empty['mfm_labels'] == -1).all()


def test_caption_is_cut_and_shifted():
    transform = TRANSFORMS.build(
        dict(type='TokenizeCaption', tokenizer='minilm', max_length=4))
    result = transform(dict(caption='a dog'))
    a, dog = result['caption_ids'][1:3].tolist()
    assert result['caption_ids'].tolist() == [101, a, dog, 0]
    assert result['caption_labels'].tolist() == [a, dog, 102, 0]
    assert result['caption_mask'].tolist() == [1, 1, 1, 0]
    result = transform(dict(caption='a dog a dog a dog'))
    assert result['caption_ids'].tolist() == [101, a, dog, a]
    assert result['caption_labels'].tolist() == [a, dog, a, 102]


def test_references_are_what_the_decoder_was_to_write():
    texts = ['Add the SALT, and pepper!', "don't cut 1/2 of the scallions"]
    sample = dict(references=texts)
    whole = TRANSFORMS.build(
        dict(type='TokenizeReferences', tokenizer='minilm'))
    assert whole(sample)['references'] == [
        'add the salt , and pepper !',
        "don ' t cut 1 / 2 of the scallions"
    ]
    assert texts[0].startswith('Add')  # the dataset's own list
    cut = TRANSFORMS.build(
        dict(type='TokenizeReferences', tokenizer='minilm', max_length=6))
    target = TRANSFORMS.build(
        dict(type='TokenizeCaption', tokenizer='minilm', max_length=6))
    vocabulary = load_tokenizer('minilm')
    for text in texts:
        labels = target(dict(caption=text))['caption_labels'].tolist()
        written = caption_text(vocabulary.convert_ids_to_tokens(labels))
        assert cut(dict(references=[text]))['references'] == [written]


@pytest.mark.parametrize('config, message', [
    (dict(type='MaskWords', tokenizer='minilm', probability=0.), r'\(0, 1\]'),
    (dict(type='MaskWords', tokenizer='minilm', repeat_from=0), 'positive'),
    (dict(type='MaskFrames', probability=1.5), r'\(0, 1\].*1.5'),
    (dict(type='TokenizeCaption', tokenizer='minilm', max_length=1),
     'at least 2'),
    (dict(type='TokenizeReferences', tokenizer='minilm', max_length=1),
     'at least 2'),
])
def test_wrong_settings(config, message):
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build(config)
