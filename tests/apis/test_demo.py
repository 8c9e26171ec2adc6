"""The commands that ask a trained model, on checkpoints of the toy configs."""
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from child_process import environment

ROOT = Path(__file__).resolve().parents[2]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def demo():
    return load(ROOT / 'tools' / 'demo.py').main


@pytest.fixture(scope='module')
def sample():
    return load(ROOT / 'tools' / 'analysis' / 'show_sample.py')


def test_as_a_command(ranking_videos, videos, tmp_path):
    """Stdout is JSON and nothing else, and the second call reads no video."""
    command = [
        sys.executable, str(ROOT / 'tools' / 'demo.py'), '--checkpoint',
        ranking_videos, '--query', 'a red circle', '--index', 'videos.index',
        '--json', '--pictures', 'pictures', '--device', 'cpu', *videos]
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=environment(ROOT, OMP_NUM_THREADS='1'))
    assert result.returncode == 0, result.stderr[-3000:]
    found, = json.loads(result.stdout)
    assert found['query'] == 'a red circle'
    assert {hit['video'] for hit in found['videos']} == set(videos)
    assert (tmp_path / 'videos.index').exists()
    assert (tmp_path / 'pictures' / '0.png').stat().st_size > 5000


def test_index_without_videos(demo, ranking_videos, videos, tmp_path, capsys):
    index = str(tmp_path / 'index')
    asked = ['--checkpoint', ranking_videos, '--query', 'a red circle',
             '--index', index, '--top-k', '2', '--device', 'cpu']
    demo([*videos, *asked])
    first = capsys.readouterr().out
    demo(asked)
    assert capsys.readouterr().out == first
    heading, *hits = first.splitlines()
    assert heading == 'a red circle' and len(hits) == 2
    rank, score, video = hits[0].split()
    assert rank == '1' and float(score) and video in videos


def test_question(demo, answering, videos, capsys):
    demo([*videos[:2], '--checkpoint', answering, '--question', 'what moves?',
          '--top-k', '3', '--device', 'cpu'])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(' ')] == videos[:2]
    scores = [float(line.split()[0]) for line in lines[1:4]]
    assert scores == sorted(scores, reverse=True)


def test_caption_and_sentiment(demo, captioning, rating, toy_feature_root,
                               capsys):
    table = (toy_feature_root / 'msrvtt_feature' /
             'msrvtt_videos_features.pickle')
    demo([f'{table}:video0', '--checkpoint', captioning, '--device', 'cpu',
          '--caption'])
    video, said = capsys.readouterr().out.splitlines()
    assert video == f'{table}:video0' and float(said.split()[0]) < 0
    demo([f'{table}:video0', '--checkpoint', rating, '--device', 'cpu',
          '--sentiment', 'what a fine thing'])
    assert capsys.readouterr().out.split()[-1] in ('positive', 'negative')


def test_what_is_wrong_is_one_line(demo, answering, videos, capsys):
    with pytest.raises(SystemExit, match='this model answers questions from '
                       'a vocabulary, which VideoRetrievalInferencer.* Use '
                       r'VideoQAInferencer \(demo.py --question\)'):
        demo([videos[0], '--checkpoint', answering, '--query', 'x'])
    for arguments, message in [
        (['--question', 'a', '--query', 'b'], 'ask one thing'),
        ([], 'ask one thing'),
        (['--question', 'a', '--index', 'b'], '--index is for --query'),
    ]:
        with pytest.raises(SystemExit):
            demo([videos[0], '--checkpoint', answering, *arguments])
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        demo(['--checkpoint', answering, '--question', 'a'])
    assert 'name one or more videos' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        demo(['--checkpoint', answering, '--query', 'a', '--index', 'gone'])
    assert 'gone: there is no such index' in capsys.readouterr().err
    folder = Path(answering).parent
    with pytest.raises(SystemExit, match='is a folder; name a checkpoint'):
        demo([videos[0], '--checkpoint', str(folder), '--question', 'a'])


@pytest.fixture
def figures(sample, monkeypatch):
    """What show_sample draws, in place of files."""
    drawn = {}
    monkeypatch.setattr(sample, 'save_figure',
                        lambda figure, path: drawn.update({path.name: figure}))
    return drawn


def test_sample_of_answers(sample, figures, answering, toy_root, capsys):
    sample.main([answering, '--sample', '0', '2', '--out', 'o', '--device',
                 'cpu'])
    assert capsys.readouterr().out.split() == ['o/test_0.png', 'o/test_2.png']
    rows = json.loads((toy_root / 'txt_msvd-qa.json').read_text())['test']
    for number in (0, 2):
        figure = figures[f'test_{number}.png']
        assert rows[number]['question'] in figure._suptitle.get_text()
        assert len(figure.axes[1].patches) == 5


def test_sample_of_a_ranking(sample, figures, ranking_features,
                             toy_feature_root):
    sample.main([ranking_features, '--sample', '1', '--out', 'o', '--device',
                 'cpu', '--batch-size', '3'])
    axes = figures['test_1.png'].axes
    said = [text.get_text() for axis in axes for text in axis.texts]
    assert len(said) in (4, 5, 6)
    assert sum('true video' in text for text in said) == 1
    query = figures['test_1.png']._suptitle.get_text().split('Query: ')[1]
    true, = (text for text in said if 'true video' in text)
    assert ' '.join(true.split('\n')[2:]).startswith(query[:40])


def test_sample_of_a_caption(sample, figures, captioning, toy_feature_root):
    sample.main([captioning, '--device', 'cpu', '--out', 'o'])
    said = [text.get_text() for text in figures['test_0.png'].axes[1].texts]
    content = json.loads((toy_feature_root / 'msrvtt_feature' /
                          'MSRVTT_data.json').read_text())
    name = content['videos'][7010]['video_id']
    references = [item['caption'] for item in content['sentences']
                  if item['video_id'] == name]
    assert said[0].startswith('caption: ')
    assert ' '.join(said).count('reference: ') == len(references) > 0


def test_sample_that_is_not_there(sample, rating):
    with pytest.raises(SystemExit, match=r'--sample must lie in 0\.\.3'):
        sample.main([rating, '--sample', '9', '--device', 'cpu'])
