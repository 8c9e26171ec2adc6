"""The Python of docs/inference.md, on stand-ins for its files."""
import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'inference.md'
BLOCKS = re.findall(r'^```pycon\n(.*?)^```', PAGE.read_text(), re.S | re.M)


@pytest.fixture
def workplace(answering, ranking_videos, videos, tmp_path, monkeypatch):
    (tmp_path / 'answering.pth').symlink_to(answering)
    (tmp_path / 'ranking.pth').symlink_to(ranking_videos)
    for name, video in zip('abc', videos):
        (tmp_path / f'{name}.mp4').symlink_to(video)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python_of_the_page_runs(workplace):
    scope = {}
    for block in BLOCKS:
        for example in doctest.DocTestParser().get_examples(block):
            exec(compile(example.source, str(PAGE), 'single'), scope)
    assert len(scope['found']['predictions']) == 2
    assert scope['hits'][0]['rank'] == 1
    assert scope['find'].index.videos == ['a.mp4', 'b.mp4', 'c.mp4']
    assert (workplace / 'videos.index').exists()
