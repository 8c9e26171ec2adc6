"""The page that asks a trained model: its buttons, and the page itself."""
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, (
    'chromium', 'chromium-browser', 'google-chrome'))), None)


@pytest.fixture(scope='module')
def web():
    spec = importlib.util.spec_from_file_location(
        'web_demo', ROOT / 'tools' / 'web_demo.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def answers(web):
    """Makes what the buttons of a checkpoint do."""

    def make(checkpoint, *more):
        args = web.parse_args(
            ['--checkpoint', checkpoint, '--device', 'cpu', *map(str, more)])
        return web.Answers(web.load(args))

    return make


def rows(html):
    """Text, length of the bar and number of each row."""
    return [(text, int(width), number) for text, width, number in re.findall(
        r'<div role="cell">([^<]*)</div><div role="cell"><div [^>]*width:'
        r'(\d+)%"></div></div><div role="cell">([^<]*)</div>',
        html)]


def test_a_question(answers, answering, videos):
    """Five answers, best first, whose bars are the probabilities."""
    page = answers(answering)
    said = page.ask(videos[0], 'what moves?')
    found = rows(said)
    assert {text for text, _, _ in found} == {
        'red', 'blue', 'one', 'two', 'left'}
    widths = [width for _, width, _ in found]
    assert widths == sorted(widths, reverse=True) and 0 < sum(widths) <= 102
    assert all(abs(width - float(number.rstrip('%'))) <= 0.5
               for _, width, number in found)
    assert said.count('src="data:image/png;base64,') == 1
    first = page.inferencer(videos[0], question='what moves?')
    assert found[0][0] == first['predictions'][0]['answer']


def test_options_are_lines(answers, choosing, videos):
    page = answers(choosing)
    found = rows(page.ask(videos[0], '', ' <b>jump</b>\n\nturn\n'))
    assert {text for text, _, _ in found} == {
        '&lt;b&gt;jump&lt;/b&gt;', 'turn'}
    assert 'give two or more' in page.ask(videos[0], '', 'jump')


def test_search(web, answers, ranking_videos, videos, tmp_path):
    """The best video has the whole bar; a video can be added."""
    folder = tmp_path / 'videos'
    folder.mkdir()
    for video in videos[:3]:
        shutil.copy(video, folder)
    page = answers(ranking_videos, '--videos', folder, '--index',
                   tmp_path / 'index')
    found = rows(page.search('a red circle'))
    assert {text for text, _, _ in found} == {
        Path(video).name for video in videos[:3]}
    assert [found[0][1], found[-1][1]] == [100, 0]
    assert '4 videos' in page.add([videos[3]])
    said = page.search('a red circle')
    assert len(rows(said)) == said.count('<img') == 4
    kept = answers(ranking_videos, '--index', tmp_path / 'index')
    assert '3 videos' in kept.add([])
    with pytest.raises(FileNotFoundError, match='no file in it'):
        web.files_of(str(tmp_path / 'gone'))


def test_caption_and_rating(answers, captioning, rating, toy_feature_root):
    table = (toy_feature_root / 'msrvtt_feature' /
             'msrvtt_videos_features.pickle')
    said = answers(captioning).caption(f'{table}:video0', 'a <i>text</i>')
    assert re.search(r'<p><b>.*</b> \(-\d', said) and '<img' in said
    (text, width, number), = rows(answers(rating).rate(
        f'{table}:video0', 'what a fine thing'))
    score = float(number.split()[0])
    assert text == ('positive' if score > 0 else 'negative')
    assert abs(width - 100 * (score + 3) / 6) <= 1


def test_what_is_wrong_is_a_sentence(web, answers, answering, tmp_path):
    page = answers(answering)
    broken = tmp_path / 'a<b.mp4'
    broken.write_bytes(b'no video')
    for video, question, message in [
            (None, 'what?', 'upload a video first'),
            (str(broken), 'what?', 'a&lt;b.mp4'),
            (str(broken), ' ', 'a question is needed')]:
        said = page.ask(video, question)
        assert said.startswith('<p role="alert"') and message in said
        assert str(tmp_path) not in said and 'Traceback' not in said
    with pytest.raises(ValueError, match='--videos and --index are for'):
        answers(answering, '--index', 'x')
    with pytest.raises(FileNotFoundError, match='there is no such config'):
        answers(answering, '--config', 'gone.py')


def test_without_gradio(web, answering, monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(SystemExit, match=r'cannot be imported \(import of '
                       r'gradio halted.*\): pip install '
                       r'"meltr_mm\[demo\]"'):
        web.main(['--checkpoint', answering])


def test_in_a_browser(web, answers, answering, videos, tmp_path):
    """Upload, ask, read the answers; then a file that is no video."""
    pytest.importorskip('gradio', reason='gradio is not installed: '
                        'pip install "meltr_mm[demo]"')
    playwright = pytest.importorskip(
        'playwright.sync_api', reason='playwright is not installed')
    if CHROMIUM is None:
        pytest.skip('there is no Chromium on this machine')
    broken = tmp_path / 'broken.mp4'
    broken.write_bytes(b'no video')
    page = web.build(answers(answering), 'answering.pth')
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True,
                                server_name='127.0.0.1')
    try:
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=CHROMIUM, args=['--no-sandbox'])
            tab = browser.new_page(viewport=dict(width=900, height=900))
            tab.goto(address)
            tab.set_input_files('input[type=file]', videos[0])
            tab.wait_for_selector('video')
            tab.get_by_label('Question').fill('what moves?')
            tab.get_by_role('button', name='Ask', exact=True).click()
            tab.wait_for_selector('[role=row]')
            assert tab.locator('[role=row]').count() == 5
            tab.get_by_label('Question').fill(' ')
            tab.get_by_role('button', name='Ask', exact=True).click()
            tab.wait_for_selector('[role=alert]')
            said = tab.locator('[role=alert]').first.inner_text()
            assert said.startswith('a question is needed')
            browser.close()
    finally:
        page.close()
