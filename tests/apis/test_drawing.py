import numpy as np
import pytest
import torch

from meltr_mm.apis import draw_ranking, draw_result
from meltr_mm.apis.drawing import STRIP_HEIGHT, film_strip

STRIP = np.zeros((40, 90, 3), np.uint8)


def texts(figure):
    """All that is written in a figure."""
    return '\n'.join(
        [figure._suptitle.get_text()] + [
            text.get_text() for axis in figure.axes
            for text in (*axis.texts, axis.title, *axis.get_yticklabels(),
                         *(axis.get_legend().get_texts()
                           if axis.get_legend() else ()))])


def answers(**truth):
    result = dict(
        video='folder/a$b_1.mp4', question='what moves?',
        answers=[dict(answer='a dog', score=.7),
                 dict(answer='a cat', score=.2)])
    return draw_result(result, STRIP, **truth)


def test_answers_are_bars_with_the_true_one_marked():
    figure = answers(truth='a cat')
    _, axis = figure.axes
    bars = axis.patches
    assert [bar.get_width() for bar in bars] == [.7, .2]
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        'a dog', 'a cat (true)']
    assert bars[0].get_facecolor() != bars[1].get_facecolor()
    # The first answer is on top: its place is 0, and the axis is inverted.
    assert [bar.get_y() < 0.5 for bar in bars] == [True, False]
    assert axis.yaxis_inverted()
    written = texts(figure)
    assert 'what moves?' in written and 'a$b_1.mp4' in written
    assert 'true answer' not in written


def test_true_answer_that_is_not_among_the_best_is_said():
    assert 'true answer: a horse' in texts(answers(truth='a horse'))
    # In VIOLET's files an answer outside the vocabulary is an empty text.
    assert 'true answer: outside vocabulary' in texts(answers(truth=''))
    assert '(true)' not in texts(answers())


def test_caption_with_references():
    result = dict(video='v', transcript='now the salt', caption='add salt',
                  score=-1.25)
    written = texts(draw_result(result, STRIP,
                                ['put salt in', 'a person cooks']))
    for text in ('transcript: now the salt', 'caption: add salt', '-1.250',
                 'reference: put salt in', 'reference: a person cooks'):
        assert text in written


def test_sentiment_and_its_truth():
    result = dict(video='v', transcript='', sentiment='negative', score=-2.)
    figure = draw_result(result, STRIP, truth=1.5)
    marks = {line.get_label(): line.get_xdata()
             for line in figure.axes[1].get_lines()}
    assert float(marks['rated -2.00'][0]) == -2.
    assert float(marks['true +1.50'][0]) == 1.5
    assert 'transcript: (none)' in texts(figure)
    assert 'true' not in texts(draw_result(result, STRIP))
    with pytest.raises(ValueError, match=r"but has \['x'\]"):
        draw_result(dict(x=1), STRIP)


def test_ranking_has_a_row_per_video():
    hits = [dict(rank=1, video='x/a.mp4', score=2.5),
            dict(rank=7, video='b', score=-1., text='a red ball')]
    strips = {'x/a.mp4': STRIP, 'b': STRIP + 9}
    figure = draw_ranking('a ball', hits, strips, truth='b')
    (first, words), (second, true) = np.array(figure.axes).reshape(2, 2)
    assert (first.images[0].get_array() == 0).all()
    assert (second.images[0].get_array() == 9).all()
    assert words.texts[0].get_text() == '1.  a.mp4\nscore 2.500'
    assert true.texts[0].get_text() == (
        '7.  b\nscore -1.000, true video\na red ball')
    assert figure._suptitle.get_text() == 'Query: a ball'


def test_strip_of_frames():
    clip = torch.zeros(2, 3, 2, 200, 100, dtype=torch.uint8)
    clip[0, 0, 1] = 200  # the second frame of the first clip is red
    strip = film_strip(clip)
    assert strip.shape == (STRIP_HEIGHT, 2 * 48 + 2, 3)
    assert strip.dtype == np.uint8
    assert (strip[:, :48] == 0).all()
    assert (strip[:, 48:50] == 255).all()
    assert (strip[:, 50:] == (200, 0, 0)).all()
    many = film_strip(torch.zeros(1, 3, 30, 10, 10, dtype=torch.uint8))
    assert many.shape == (10, 8 * 10 + 7 * 2, 3)  # eight of them
    with pytest.raises(ValueError, match=r'shape \(4,\)'):
        film_strip(torch.zeros(4))


def test_strip_of_features():
    features = torch.zeros(5, 4)
    features[:3] = torch.arange(1., 13.).view(3, 4)  # two rows of padding
    strip = film_strip(features)
    assert strip.shape == (STRIP_HEIGHT, 3 * 16, 3)
    columns = strip[:, ::16].astype(int).sum(axis=2)
    # Viridis grows lighter with the value: over time, and over channels.
    assert (np.diff(columns, axis=1) > 0).all()
    assert columns[0, 0] < columns[-1, 0]
    assert film_strip(torch.zeros(3, 4)).shape == (STRIP_HEIGHT, 16, 3)
