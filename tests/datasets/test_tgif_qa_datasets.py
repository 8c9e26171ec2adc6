import csv
import json

import pytest

from meltr_mm.datasets import (
    SeededSplit,
    TGIFChoiceQADataset,
    TGIFFrameQADataset,
)

OPTIONS = ['wave', 'jump', 'spin', 'blink', 'nod']


def write_table(path, rows):
    with open(path, 'w', newline='') as file:
        writer = csv.DictWriter(file, rows[0], delimiter='\t')
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'gifs').mkdir()
    for i in range(4):
        (tmp_path / 'gifs' / f'tumblr_{i}.gif').touch()
    return tmp_path


def choice_table(root, **changes):
    rows = [
        dict(gif_name=f'tumblr_{i}', question='what does it do ?',
             **{f'a{j}': option for j, option in enumerate(OPTIONS, 1)},
             answer=i, vid_id=f'ACTION{i}', key=i) for i in range(4)
    ]
    rows[1].update(changes)
    write_table(root / 'Train_action_question.csv', rows)
    return 'Train_action_question.csv'


def choice_json(root, **changes):
    rows = [
        dict(video=f'tumblr_{i}', question='what does it do ?',
             **{f'option_{j}': option for j, option in enumerate(OPTIONS)},
             answer=i) for i in range(4)
    ]
    rows[1].update(changes)
    rows[1] = {k: v for k, v in rows[1].items() if v is not None}
    content = dict(train=rows, val=rows[:1], test=rows[2:])
    (root / 'txt_tgif-action.json').write_text(json.dumps(content))
    return 'txt_tgif-action.json'


def choice(root, file, **kwargs):
    return TGIFChoiceQADataset(file, data_root=str(root), **kwargs)


class TestChoice:

    def test_both_forms_are_the_same(self, root):
        table = choice(root, choice_table(root))
        json_form = choice(root, choice_json(root))
        assert len(table) == 4
        for i in range(4):
            assert table.get_data_info(i) == json_form.get_data_info(i)
        info = table.get_data_info(3)
        assert info['filename'] == str(root / 'gifs' / 'tumblr_3.gif')
        assert info['options'] == OPTIONS
        assert (info['label'], info['answer']) == ([3], 'blink')

    def test_splits_of_violets_file(self, root):
        file = choice_json(root)
        assert len(choice(root, file, split='val')) == 1
        assert choice(root, file, split='test').get_data_info(
            0)['video_id'] == 'tumblr_2'

    def test_validation_is_cut_off_the_training_set(self, root):
        file = choice_table(root)
        parts = [
            SeededSplit(choice(root, file), part, fraction=0.25)
            for part in ('train', 'val')
        ]
        ids = [[part.get_data_info(i)['video_id'] for i in range(len(part))]
               for part in parts]
        assert [len(part) for part in parts] == [3, 1]
        assert not set(ids[0]) & set(ids[1])

    @pytest.mark.parametrize('changes, message', [
        (dict(answer=5), r"row 1, `answer`: must .* 0\.\.4, but is '5'"),
        (dict(answer='x'), 'row 1, `answer`: must'),
        (dict(a3=' '), 'line 3, `a3`: must be a text'),
        (dict(question=''), 'line 3, `question`: must be a text'),
    ])
    def test_bad_table(self, root, changes, message):
        with pytest.raises(ValueError, match='action_question.csv.*' +
                           message):
            choice(root, choice_table(root, **changes))

    @pytest.mark.parametrize('changes, message', [
        (dict(option_4=None), "'train' row 1: the key 'option_4' is missing"),
        (dict(option_5='x'), "row 1: must have 5 options, .*'option_5'"),
        (dict(answer=-1), r'row 1, `answer`: must .* but is -1'),
        (dict(answer=True), '`answer`: must'),
    ])
    def test_bad_json(self, root, changes, message):
        with pytest.raises(ValueError, match='tgif-action.json, .*' +
                           message):
            choice(root, choice_json(root, **changes))

    def test_other_number_of_options(self, root):
        file = choice_json(root)
        with pytest.raises(ValueError, match='must have 4 options'):
            choice(root, file, num_options=4)

    def test_unknown_gif(self, root):
        file = choice_table(root, gif_name='tumblr_9')
        with pytest.raises(FileNotFoundError, match='tumblr_9.gif'):
            choice(root, file)

    def test_ragged_table(self, root):
        file = choice_table(root)
        path = root / file
        path.write_text(path.read_text() + 'tumblr_1\twhat?\n')
        with pytest.raises(ValueError, match='line 6: must have the 10 col'):
            choice(root, file)

    def test_truncated_gif(self, root):
        (root / 'gifs' / 'tumblr_0.gif').write_bytes(
            b'GIF89a' + bytes(7) + b'\x2c')
        dataset = choice(root, choice_table(root),
                         pipeline=[dict(type='VideoInit')])
        with pytest.raises(ValueError, match='tumblr_0.gif: .*cut off'):
            dataset[0]


def frame_table(root, name='Train_frameqa_question.csv', answers='abbb'):
    write_table(root / name, [
        dict(gif_name=f'tumblr_{i}', question='what is it ?', answer=answer,
             type=i, vid_id=i, key=i, description='a thing')
        for i, answer in enumerate(answers)
    ])
    return name


class TestFrame:

    def test_table(self, root):
        dataset = TGIFFrameQADataset(
            frame_table(root), data_root=str(root),
            data_prefix=dict(video='gifs'))
        assert dataset.metainfo['vocab'] == ['a', 'b']
        infos = [dataset.get_data_info(i) for i in range(4)]
        assert [info['label'] for info in infos] == [[0], [1], [1], [1]]
        assert [info['question_type'] for info in infos] == [
            'object', 'number', 'colour', 'location']
        assert infos[2]['filename'] == str(root / 'gifs' / 'tumblr_2.gif')

    def test_vocabulary_is_that_of_the_training_file(self, root):
        train = frame_table(root)
        test = frame_table(root, 'Test_frameqa_question.csv', 'cab')
        dataset = TGIFFrameQADataset(
            test, split='test', train_ann_file=train, vocab_size=1,
            data_root=str(root), data_prefix=None)
        assert dataset.metainfo['vocab'] == ['b']
        assert [dataset.get_data_info(i)['label'][0] for i in range(3)] == [
            -1, -1, 0]

    def test_violets_form(self, root):
        rows = [dict(video='tumblr_1', question='How many?', answer=1)]
        (root / 'txt_tgif-frame.json').write_text(
            json.dumps(dict(train=rows, val=rows, test=rows, vocab=['x',
                                                                    'y'])))
        dataset = TGIFFrameQADataset(
            'txt_tgif-frame.json', data_root=str(root), data_prefix=None)
        info = dataset.get_data_info(0)
        assert (info['answer'], info['question_type']) == ('y', 'how')

    def test_test_table_needs_the_training_table(self, root):
        with pytest.raises(ValueError, match='Set `train_ann_file`'):
            TGIFFrameQADataset(
                frame_table(root), split='test', data_root=str(root))
