import json

import pytest
from mmaction.registry import DATASETS

QUESTION = dict(question='What runs?', answer='dog', video_id='video7')
CHOICE = dict(clip_name='video8', options=['a dog', 'a cat'], answer=1)


@pytest.fixture
def build(tmp_path):
    """Write lines and answers, and build the dataset over empty clips."""
    (tmp_path / 'videos').mkdir()
    for name in ('video7', 'video8'):
        (tmp_path / 'videos' / f'{name}.mp4').touch()
    (tmp_path / 'answers.json').write_text('{"cat": 1, "dog": 0}')

    def build_(rows, kind='QALinesDataset', **options):
        lines = [row if isinstance(row, str) else json.dumps(row)
                 for row in rows]
        (tmp_path / 'qa.jsonl').write_text('\n'.join(lines))
        if kind == 'QALinesDataset':
            options.setdefault('vocab_file', 'answers.json')
        else:
            options.setdefault('video_key', 'clip_name')
            options.setdefault('num_options', 2)
        return DATASETS.build(
            dict(type=kind, data_root=str(tmp_path), ann_file='qa.jsonl',
                 **options))

    return build_


class TestQuestions:

    def test_samples(self, build, tmp_path):
        other = dict(question='Who sits?', answer='ant', video_id='video8')
        dataset = build([QUESTION, '', other])
        assert dataset.metainfo['vocab'] == ['dog', 'cat']
        first, second = (dataset.get_data_info(i) for i in range(2))
        assert first == dict(
            video_id='video7',
            filename=str(tmp_path / 'videos' / 'video7.mp4'),
            question='What runs?',
            answer='dog',
            label=[0],
            question_id=0,
            question_type='what',
            sample_idx=0)
        assert second['label'] == [-1] and second['answer'] == 'ant'

    def test_one_array_instead_of_lines(self, build):
        """As the authors' msvd_*_qa_encode.json are."""
        dataset = build([json.dumps([QUESTION, dict(QUESTION, answer='cat')])])
        assert [dataset.get_data_info(i)['label'] for i in range(2)
                ] == [[0], [1]]

    def test_numbered_videos_and_lines_of_answers(self, build, tmp_path):
        (tmp_path / 'names.txt').write_text('video8 vid31\n\nvideo7 vid4\n')
        (tmp_path / 'answers.txt').write_text('ant\ndog\n')
        dataset = build([dict(QUESTION, video_id=31)],
                        mapping_file='names.txt', vocab_file='answers.txt')
        info = dataset.get_data_info(0)
        assert info['video_id'] == 'video8'
        assert info['filename'].endswith('video8.mp4')
        assert info['label'] == [1]
        with pytest.raises(ValueError, match="row 0: the video 'vid9'.*names"):
            build([dict(QUESTION, video_id=9)], mapping_file='names.txt')

    def test_other_places(self, build, tmp_path):
        (tmp_path / 'gifs').mkdir()
        (tmp_path / 'gifs' / 'tumblr_1.gif').touch()
        row = dict(question='what runs?', answer='dog', gif_name='tumblr_1')
        dataset = build([row], video_key='gif_name', video_suffix='.gif',
                        data_prefix=dict(video='gifs'))
        assert dataset.get_data_info(0)['filename'] == str(
            tmp_path / 'gifs' / 'tumblr_1.gif')

    @pytest.mark.parametrize('rows, message', [
        ([QUESTION, '{"question": '], 'qa.jsonl, line 2: is not valid JSON'),
        (['[1, 2]'], 'row 0: must be one object in braces, but is 1'),
        (['3'], 'line 1: must be one object in braces, but is 3'),
        ([], 'the file has no rows'),
        ([dict(QUESTION, question=' ')], 'row 0, `question`: must be a text'),
        ([dict(question='who?', answer='dog')], "the key 'video_id' is miss"),
        ([dict(question='who?', video_id='a')], "the key 'answer' is missing"),
        ([dict(QUESTION, answer=3)], 'row 0, `answer`: must be a text'),
        ([dict(QUESTION, answer='ant')], 'no answer of this split'),
    ])
    def test_bad_lines(self, build, rows, message):
        with pytest.raises(ValueError, match=message):
            build(rows)

    @pytest.mark.parametrize('name, content, message', [
        ('a.json', '{"dog": 0, "cat": 2}', 'numbers 0, 1, ..., each once'),
        ('a.json', '{"dog": 0, "cat": "1"}', 'numbers 0, 1, ..., each once'),
        ('a.json', '["dog", 3]', 'answer 1: must be a text'),
        ('a.json', '["dog", "dog"]', "'dog' is repeated"),
        ('a.json', '3', 'must be a list of answers'),
        ('a.txt', 'dog\ncat\ndog', "'dog' is repeated"),
        ('a.txt', '', 'without any'),
    ])
    def test_bad_answers(self, build, tmp_path, name, content, message):
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=message):
            build([QUESTION], vocab_file=name)

    def test_missing_files(self, build):
        with pytest.raises(FileNotFoundError, match='video9.mp4'):
            build([dict(QUESTION, video_id='video9')])
        with pytest.raises(FileNotFoundError, match='list of answers'):
            build([QUESTION], vocab_file='no.txt')
        with pytest.raises(FileNotFoundError, match='names.txt'):
            build([QUESTION], mapping_file='names.txt')


class TestChoices:

    def test_samples(self, build, tmp_path):
        dataset = build([CHOICE, dict(CHOICE, question='which?', answer=0)],
                        kind='ChoiceLinesDataset')
        first, second = (dataset.get_data_info(i) for i in range(2))
        assert first == dict(
            video_id='video8',
            filename=str(tmp_path / 'videos' / 'video8.mp4'),
            question='',
            options=['a dog', 'a cat'],
            answer='a cat',
            label=[1],
            question_id=0,
            sample_idx=0)
        assert second['question'] == 'which?' and second['label'] == [0]

    @pytest.mark.parametrize('change, message', [
        (dict(options=['a']), 'row 0: `options` must be a list of 2 texts'),
        (dict(options=['a', 3]), '`options` number 1: must be a text'),
        (dict(options='ab'), "must be a list of 2 texts, but is 'ab'"),
        (dict(question=3), 'row 0, `question`: must be a text, but is 3'),
        (dict(answer=2), r'0\.\.1, but is 2'),
        (dict(answer='2'), r"0\.\.1, but is '2'"),
        (dict(answer=True), r'0\.\.1, but is True'),
    ])
    def test_bad_lines(self, build, change, message):
        with pytest.raises(ValueError, match=message):
            build([dict(CHOICE, **change)], kind='ChoiceLinesDataset')
