from pathlib import Path

import pytest
import torch
from mmaction.structures import ActionDataSample
from rank_gallery import DEALT, VIDEO_OF_TEXT, features, rank, samples, score
from two_ranks import run_two_ranks

from meltr_mm.models.layers import Gallery, gallery

SCRIPT = Path(__file__).with_name('rank_gallery.py')
TEXTS = list(range(5))
# Videos in the order of their first texts, and their texts.
VIDEOS = {7: [0, 3], 2: [1, 2], 5: [4]}


def one_by_one():
    """(5, 3), each pair scored by itself."""
    first = [texts[0] for texts in VIDEOS.values()]
    return torch.stack([
        torch.cat([score(features([text]), features([video]))[0]
                   for video in first]) for text in TEXTS])


def check(squares, by_video, by_text):
    expected = one_by_one()
    torch.testing.assert_close(squares, expected.square())
    for queries, scores, right in (
            (by_video, -expected.T, list(VIDEOS.values())),
            (by_text, expected,
             [[list(VIDEOS).index(video)] for video in VIDEO_OF_TEXT])):
        assert [truth for _, truth in queries] == right
        torch.testing.assert_close(
            torch.stack([score for score, _ in queries]), scores)


@pytest.mark.parametrize('texts', [TEXTS, [4, 2, 0, 3, 1, 2, 0]])
@pytest.mark.parametrize('pairs', [1, 7, 4096])
def test_one_process(texts, pairs, monkeypatch, capsys):
    monkeypatch.setattr(gallery, '_PAIRS', pairs)
    squares, predictions = rank(texts)
    check(squares, *predictions)
    assert '5/5' in capsys.readouterr().err  # progress counts texts once


@pytest.fixture(scope='module')
def processes(tmp_path_factory):
    return run_two_ranks(SCRIPT, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('dealt', [name for name in DEALT if name != 'one'])
def test_two_processes_rank_as_one(processes, dealt):
    (first, first_parts), (second, second_parts) = (
        part[dealt] for part in processes)
    assert torch.equal(first, second)
    together = []
    for one, other, count in zip(first_parts, second_parts, (3, 5)):
        # What MMEngine collects: equal parts in turn, cut to the right size.
        assert len(one) == len(other)
        pairs = [item for pair in zip(one, other) for item in pair]
        together.append(pairs[:count])
    check(first, *together)


@pytest.mark.parametrize('texts, found', [
    ([0, 1, 2, 3], '5 texts and 3 videos.*there are 4 and 2'),
    ([0, 1, 1, 4], '5 texts and 3 videos.*there are 3 and 3'),
])
def test_incomplete_data_sets_are_refused(texts, found):
    with pytest.raises(ValueError, match=found + '.*drop_last=False'):
        Gallery(features(texts), samples(texts), 3, 5)


def test_videos_are_told_by_index_or_id():
    texts = features([0, 1])
    named = [ActionDataSample(metainfo=dict(sample_idx=i, video_id='x'))
             for i in range(2)]
    assert Gallery(texts, named, 1, 2).video_of_text == [0, 0]
    for i, sample in enumerate(named):
        sample.set_metainfo(dict(video_index=i))
    assert Gallery(texts, named, 2, 2).video_of_text == [0, 1]


@pytest.mark.parametrize('keys', [
    dict(sample_idx=0), dict(video_id='x', video_index=1), dict()])
def test_samples_must_tell_what_they_are(keys):
    with pytest.raises(ValueError, match='`sample_idx`.*`video_id`.*'
                       f'{sorted(keys)}'.replace('[', r'\[') +
                       '.*meta_keys'):
        Gallery(features([0]), [ActionDataSample(metainfo=keys)], 1, 1)


def test_features_are_of_texts_or_videos():
    wrong = dict(features(TEXTS), mask=torch.zeros(5))
    with pytest.raises(ValueError, match=r"text or video.*\['mask'\]"):
        Gallery(wrong, samples(TEXTS), 3, 5)
