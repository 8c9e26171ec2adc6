import importlib.util
import math
import shutil

import pytest
from mmaction.registry import METRICS
from mmengine.evaluator import Evaluator

from meltr_mm.evaluation import caption_metrics

toolkit = pytest.mark.skipif(
    importlib.util.find_spec('pycocoevalcap') is None,
    reason='pycocoevalcap is not installed')
java = pytest.mark.skipif(
    shutil.which('java') is None, reason='there is no java command')

REFERENCES = [['a red ball rolls to the left', 'the ball is red'],
              ['a blue square turns'], ['two dogs run , then jump']]


@pytest.fixture
def no_java(monkeypatch):
    which = shutil.which
    monkeypatch.setattr(
        shutil, 'which', lambda name: None if name == 'java' else which(name))


@toolkit
def test_perfect_captions(no_java, warnings):
    metrics = caption_metrics([texts[0] for texts in REFERENCES], REFERENCES)
    assert list(metrics) == ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4',
                             'ROUGE-L', 'CIDEr']
    for name in ('BLEU-1', 'BLEU-4', 'ROUGE-L'):
        assert metrics[name] == pytest.approx(100)
    # Ten is the most for one reference; of two the mean counts.
    assert 600 < metrics['CIDEr'] < 1000
    single = [texts[:1] for texts in REFERENCES]
    perfect = caption_metrics([texts[0] for texts in single], single)
    assert perfect['CIDEr'] == pytest.approx(1000)
    assert len(warnings) == 2
    assert 'no `java` command, so METEOR is left out' in warnings[0]


@toolkit
def test_bleu_and_rouge_by_hand(no_java):
    metrics = caption_metrics(['a red ball', 'A  blue square Turns'],
                              [['a red cat sat'], ['a blue square turns']])
    # 6 of 7 words, 4 of 5 pairs; 7 words for 8.
    brevity = math.exp(1 - 8 / 7)
    assert metrics['BLEU-1'] == pytest.approx(100 * brevity * 6 / 7)
    assert metrics['BLEU-2'] == pytest.approx(
        100 * brevity * math.sqrt(6 / 7 * 4 / 5))
    precision, recall = 2 / 3, 2 / 4
    rouge = (1 + 1.2**2) * precision * recall / (
        recall + 1.2**2 * precision)
    assert metrics['ROUGE-L'] == pytest.approx(100 * (rouge + 1) / 2)


def test_one_caption(no_java):
    metrics = caption_metrics(['a red ball'], [['a red ball', 'a ball']])
    assert metrics['BLEU-3'] == pytest.approx(100)
    assert metrics['ROUGE-L'] == pytest.approx(100)
    # No word is rarer than another.
    assert metrics['CIDEr'] == 0


@toolkit
def test_nothing_right(no_java):
    metrics = caption_metrics(['x y', ''], [['a b'], ['c']])
    assert metrics['ROUGE-L'] == metrics['CIDEr'] == 0
    assert metrics['BLEU-1'] < 1e-3


@toolkit
@java
def test_tokenizers_and_meteor():
    captions = ['A red ball rolls, left!', 'a blue square', 'two dogs run']
    plain = caption_metrics(captions, REFERENCES)
    ptb = caption_metrics(captions, REFERENCES, tokenizer='ptb')
    assert 0 < plain['METEOR'] < ptb['METEOR'] < 100
    # 'rolls,' is no word of the references, 'rolls' is.
    assert plain['BLEU-1'] < ptb['BLEU-1']


@toolkit
def test_ptb_without_java(no_java, warnings):
    captions = ['a ball, red', 'a square', 'dogs']
    assert caption_metrics(
        captions, REFERENCES, tokenizer='ptb') == caption_metrics(
            captions, REFERENCES)
    assert 'split at blanks instead of by PTB' in warnings[0]
    assert 'instead' not in warnings[1]


@pytest.mark.parametrize('captions, references, message', [
    ([], [], 'at least one caption'),
    (['a'], [['a'], ['b']], '1 captions and 2 lists'),
    (['a', 'b'], [['a'], []], r'those of item 1 are \[\]'),
    (['a'], [['a', ' ']], 'item 0'),
    (['a'], ['a'], "item 0 are 'a'"),
])
def test_bad_input(captions, references, message):
    with pytest.raises(ValueError, match=message):
        caption_metrics(captions, references)


def test_unknown_tokenizer():
    with pytest.raises(ValueError, match="one of.*'ptb'.*'bpe'"):
        caption_metrics(['a'], [['a']], tokenizer='bpe')
    # Before anything is trained.
    with pytest.raises(ValueError, match="one of.*'ptb'.*'bpe'"):
        METRICS.build(dict(type='CaptionMetric', tokenizer='bpe'))


def test_without_the_toolkit(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec',
        lambda name: None if name == 'pycocoevalcap' else find(name))
    with pytest.raises(ImportError, match='pip install pycocoevalcap==1.2'):
        caption_metrics(['a'], [['a']])
    with pytest.raises(ImportError, match='pip install pycocoevalcap==1.2'):
        METRICS.build(dict(type='CaptionMetric'))


@toolkit
def test_metric(no_java):
    captions = ['a red ball', 'a blue square', 'two dogs']
    evaluator = Evaluator(METRICS.build(dict(type='CaptionMetric')))
    samples = [dict(pred_caption=caption, references=texts)
               for caption, texts in zip(captions, REFERENCES)]
    for batch in (samples[:2], samples[2:]):
        evaluator.process(batch)
    assert evaluator.evaluate(3) == {
        f'caption/{name}': value
        for name, value in caption_metrics(captions, REFERENCES).items()
    }
    evaluator.process(samples[:2])
    with pytest.raises(ValueError, match='All 3 captions.*results of 2'):
        evaluator.evaluate(3)
    with pytest.raises(ValueError, match="CaptionMetric needs 'references'"):
        evaluator.process([dict(pred_caption='a')])
